#!/bin/sh
# tag.sh: tags this commit of main as v$VERSION, as which its image was built, and writes the release's notes to
# build/release-notes.md. A second run finds the tag and changes nothing. If another release came first, so that the
# version is no longer right, it exits with status 1 before anything is published.
# CI_JOB_TOKEN: pushes the tag, with the rights of the user that merged.
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh
: "${VERSION:?missing; expected X.Y.Z}"
on_main || die "branch: not main; expected main, which alone is released" 2
commit=$(git rev-parse HEAD)
again="run a new pipeline for main"

# die_if_superseded: exits if a release of a later commit has this one in it
die_if_superseded() {
  later=$(release_tags --contains "$commit" | head -n 1)
  [ -z "$later" ] || die "$later came first, and has this commit in it: there is nothing left to release"
}

fetch_tags
open_clone "$commit"
version=$(released_as "$commit")
if [ "$version" = "$VERSION" ]; then
  echo "v$VERSION exists already, on this commit"
else
  [ -z "$version" ] || die "this commit was released as $version, but its image was built as $VERSION: $again"
  die_if_superseded
  find_next
  [ "$next" = "$VERSION" ] || die "another release came first: this would be ${next:-none}, but its image was built as $VERSION: $again"
  [ -n "${CI_JOB_TOKEN:-}" ] || die "CI_JOB_TOKEN: missing; expected a job's token: only a pipeline releases" 2
  # The push of the tag decides between two pipelines that come to this line concurrently.
  semantic_release version --no-commit --no-changelog --no-vcs-release || {
    git ls-remote --exit-code origin "refs/tags/v$VERSION" >/dev/null ||
      die "v$VERSION: the push was refused; expected 'Allow Git push requests to the repository' under Settings, CI/CD, Job token permissions, and v* as a protected tag that you may create (docs/pipeline.md)"
    git fetch --quiet --tags --force origin
    die_if_superseded
    die "another release came first: v$VERSION was tagged just now: $again"
  }
  echo "tagged this commit as v$VERSION"
fi
semantic_release changelog
mkdir -p build
cp "$clone/build/release-notes.md" build/release-notes.md
cat build/release-notes.md
