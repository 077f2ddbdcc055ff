# shellcheck shell=bash
# First file that every script of this folder sources. It must run in bash 3.2, macOS's own, to report the version.
set +x              # a trace prints secrets, and the caller's SHELLOPTS=xtrace enables it
export -n SHELLOPTS # nor in programs that are scripts of bash
case $BASH_VERSION in
  [1-3].* | 4.[0-3].*)
    echo "bash: $BASH_VERSION; expected 4.4 or newer, first on the PATH (macOS: brew install bash)" >&2
    exit 2
    ;;
esac
set -euo pipefail
shopt -s inherit_errexit # a failure in $(…) exits the script
JOB=$(basename "$0" .sh)

log() { printf '%s: %s\n' "$JOB" "$*"; }

# die MESSAGE: exit with status 2. The message is "NAME: problem; expected …", without the value of a secret.
die() {
  printf '%s: %s\n' "$JOB" "$*" >&2
  exit 2
}

# require_program NAME…
require_program() {
  local program
  for program; do
    command -v "$program" >/dev/null || die "$program: not found; expected on the PATH"
  done
}
