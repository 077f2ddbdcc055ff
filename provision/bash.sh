# shellcheck shell=bash
# Sourced first by every script of this folder. It has to run in bash 3.2, which macOS has, to name what is needed.
set +x # a trace prints secrets, and SHELLOPTS=xtrace of the caller switches it on
case $BASH_VERSION in
  [1-3].* | 4.[0-3].*)
    echo "bash: $BASH_VERSION; expected 4.4 or newer, first on the PATH (macOS: brew install bash)" >&2
    exit 2
    ;;
esac
