#!/bin/sh
# lock.sh --upgrade: renews the lock files from pyproject.toml. lock.sh --check: says which of them no longer fit it, and
# ends with status 1. Versions that still fit stay as they are in a check.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp requirements*.lock "$folder/"

# compile LOCK OPTIONS…
compile() {
  lock=$1
  shift
  echo "resolving $lock …" >&2
  .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
    --output-file "$folder/$lock" "$@"
}

case ${1:-} in
--upgrade) upgrade=--upgrade ;;
--check) upgrade= ;;
*) echo "usage: ci/lock.sh --upgrade|--check" >&2 && exit 2 ;;
esac
# shellcheck disable=SC2086  # an option or nothing
{
  compile requirements.lock $upgrade pyproject.toml
  compile requirements-build.lock $upgrade --group build
  # installed beside the others, so in the same versions
  compile requirements-dev.lock $upgrade --group dev --constraint "$folder/requirements.lock" \
    --constraint "$folder/requirements-build.lock"
  compile requirements-release.lock $upgrade --group release --constraint "$folder/requirements-dev.lock"
}

status=0
for lock in requirements.lock requirements-build.lock requirements-dev.lock requirements-release.lock; do
  if [ -n "$upgrade" ]; then
    cp "$folder/$lock" "$lock"
  elif ! cmp -s "$folder/$lock" "$lock"; then
    echo "$lock is behind pyproject.toml: run 'make lock'" >&2
    status=1
  fi
done
exit $status
