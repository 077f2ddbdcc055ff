#!/bin/sh
# tag.sh: tags this commit of main as v$VERSION, as which its image was built, and writes the release's notes to
# build/release-notes.md. A second run finds the tag and changes nothing. Where another release came first, so that the
# version is no longer right, it says so and ends with status 1 before anything is published.
# GITLAB_TOKEN: an access token that may push tags.
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh
[ -n "${VERSION:-}" ] || { echo "nothing to release" && exit 0; }

# superseded: ends it where a release of a later commit has this one in it
superseded() {
  later=$(git tag --contains HEAD --list 'v[0-9]*' --sort version:refname | head -n 1)
  [ -z "$later" ] || fail "$later came first, and has this commit in it: there is nothing left to release"
}

on_main
version=$(released)
if [ "$version" = "$VERSION" ]; then
  echo "v$VERSION is there already, on this commit"
else
  again="run a new pipeline for main"
  [ -z "$version" ] || fail "this commit was released as $version, but its image was built as $VERSION: $again"
  superseded
  find_next
  [ "$next" = "$VERSION" ] || fail "another release came first: this would be ${next:-none}, but its image was built as $VERSION: $again"
  [ -n "${GITLAB_TOKEN:-}" ] || { echo "GITLAB_TOKEN: missing; expected a project access token that may push tags" >&2 && exit 2; }
  # the push of the tag is what decides between two that come to this line at once
  .venv/bin/semantic-release --strict version --no-commit --no-changelog --no-vcs-release || {
    git ls-remote --exit-code origin "refs/tags/v$VERSION" >/dev/null || exit 1
    git fetch --quiet --tags --force origin
    superseded
    fail "another release came first: v$VERSION was tagged this very moment: $again"
  }
fi
.venv/bin/semantic-release --strict changelog 2>build/semantic-release.log || { cat build/semantic-release.log >&2 && exit 1; }
cat build/release-notes.md
