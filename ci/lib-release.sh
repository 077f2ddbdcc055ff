# shellcheck shell=sh
# What version.sh and tag.sh share, in POSIX sh.
fail() { echo "$1" >&2 && exit 1; }

# on_main: in CI the checkout is a commit without a branch, and semantic-release wants the branch that releases
on_main() {
  [ -n "${CI:-}" ] || return 0
  git fetch --quiet --tags --force origin
  git checkout --quiet -B main "$CI_COMMIT_SHA"
}

# released: prints the version that this commit is tagged with; nothing where it has no tag
released() { git tag --points-at HEAD --list 'v[0-9]*' | sed -n '1s/^v//p'; }

# find_next: puts the version that comes next into $next; nothing where there is nothing to release
find_next() {
  status=0
  mkdir -p build
  next=$(.venv/bin/semantic-release --strict version --print 2>build/semantic-release.log) || status=$?
  case $status in
  0) [ -n "$next" ] || fail "this branch releases nothing: expected main" ;;
  2) next= ;;
  *) cat build/semantic-release.log >&2 && exit "$status" ;;
  esac
}
