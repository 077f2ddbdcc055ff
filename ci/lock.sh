#!/bin/sh
# lock.sh --upgrade: renews the lock files from pyproject.toml with the newest versions. --keep: only as far as
# pyproject.toml changed; versions that still fit stay. --check: exits with status 1 if a lock file does not fit it.
# Renovate reads the command in a lock file's header, and runs it: so each names pyproject.toml, and options with `=`.
set -eu
cd "$(dirname "$0")/.."
uv=$PWD/.venv/bin/uv
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp pyproject.toml requirements*.lock "$folder/"

case ${1:-} in
--upgrade) upgrade=--upgrade ;;
--keep | --check) upgrade= ;;
*) echo "usage: ci/lock.sh --upgrade|--keep|--check" >&2 && exit 2 ;;
esac

# compile LOCK OPTION…
compile() {
  lock=$1
  shift
  echo "resolving $lock …" >&2
  # shellcheck disable=SC2086  # an option or nothing
  (cd "$folder" && "$uv" pip compile --quiet $upgrade --universal --python-version=3.11 --generate-hashes \
    "--output-file=$lock" "$@" pyproject.toml)
}

# Each is installed beside those before it, so in the same versions; all of them include the runtime packages.
compile requirements.lock
compile requirements-build.lock --group=build --constraint=requirements.lock
compile requirements-dev.lock --group=dev --constraint=requirements.lock --constraint=requirements-build.lock
compile requirements-release.lock --group=release --constraint=requirements-dev.lock

status=0
for lock in requirements.lock requirements-build.lock requirements-dev.lock requirements-release.lock; do
  if [ "$1" != --check ]; then
    cp "$folder/$lock" "$lock"
  elif ! cmp -s "$folder/$lock" "$lock"; then
    echo "$lock: behind pyproject.toml; expected what 'make lock' writes" >&2
    status=1
  fi
done
exit $status
