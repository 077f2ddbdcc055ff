# shellcheck shell=sh
# Functions of the scripts that release, in POSIX sh. Source it from the checkout's root.

# die MESSAGE [STATUS]: prints the message on stderr and exits (default: 1)
die() { echo "$1" >&2 && exit "${2:-1}"; }

# exit_without VALUE: exits with status 0 if the value, a version or an image's digest, is empty
exit_without() { [ -n "$1" ] || { echo "nothing to release" && exit 0; }; }

# on_main: succeeds if this is a commit of main; CI checks out a commit without a branch
on_main() { [ "${CI_COMMIT_BRANCH:-$(git rev-parse --abbrev-ref HEAD)}" = main ]; }

# release_tags [OPTION…]: prints the tags of the form vX.Y.Z, lowest version first; no other tag is a release.
# Without any it prints nothing and succeeds.
release_tags() { git tag --list --sort version:refname "$@" | grep -xE 'v(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}' || [ $? = 1 ]; }

# released_as COMMIT: prints the highest version that the commit is tagged with, if any
released_as() { release_tags --points-at "$1" | tail -n 1 | cut -c 2-; }

# fetch_tags: gets the tags of origin. Only in CI: a laptop's tags are left as they are.
fetch_tags() { [ -z "${CI:-}" ] || git fetch --quiet --tags --force origin; }

# open_clone COMMIT: makes a clone in $clone, removed at exit: its branch main is at the commit, and its tags are
# releases only: semantic-release works on a branch, and a job's checkout has none
open_clone() {
  [ "$(git rev-parse --is-shallow-repository)" = false ] ||
    die "history: shallow; expected all of it: GIT_DEPTH \"0\", or git fetch --unshallow" 2
  clone=$(mktemp -d)
  trap 'rm -rf "$clone"' EXIT
  git -c init.defaultBranch=main clone --quiet --shared --no-checkout --no-tags . "$clone"
  release_tags | while read -r tag; do
    git -C "$clone" update-ref "refs/tags/$tag" "$(git rev-parse "refs/tags/$tag")"
  done
  git -C "$clone" checkout --quiet -B main "$1"
  git -C "$clone" remote set-url origin "${CI_PROJECT_URL:-https://gitlab.com/group/project}.git"
}

# semantic_release ARGUMENT…: runs it in the clone; its log is printed only if it fails, without tracebacks
semantic_release() {
  status=0
  (cd "$clone" && COLUMNS=500 "$OLDPWD/.venv/bin/semantic-release" --strict "$@") 2>"$clone/.git/log" || status=$?
  case $status in
  0 | 2) ;;
  *) grep -v '[│╭╰]' "$clone/.git/log" | sed 's/ *$//' >&2 ;;
  esac
  return "$status"
}

# find_next: puts the version of the next release into $next; empty if no commit requires one
# shellcheck disable=SC2034  # the result
find_next() {
  status=0
  next=$(semantic_release version --print) || status=$?
  case $status in
  0) ;;
  2) next= ;; # --strict: nothing to release
  *) exit "$status" ;;
  esac
}
