#!/bin/sh
# version.sh: prints the version that this commit of main is, or will be, released as. Writes VERSION=X.Y.Z to
# version.env, or VERSION= if there is nothing to release. For a merge request or another branch: the version that its
# merge into main would release. Needs `make .venv/release.stamp`.
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh

# merged: prints a commit that has the history of this one and of main; its files do not matter here
merged() {
  main=$(git rev-parse --quiet --verify refs/remotes/origin/main || git rev-parse --quiet --verify refs/heads/main || echo HEAD)
  git -c user.name=app -c user.email=app@example.com commit-tree -p HEAD -p "$main" -m "Merge" 'HEAD^{tree}'
}

fetch_tags
if on_main; then
  branch=main
  commit=$(git rev-parse HEAD)
else
  branch=
  commit=$(merged)
fi

newest=$(release_tags | tail -n 1)
version=${branch:+$(released_as "$commit")}
next=
later=
if [ -n "$version" ]; then
  echo "this commit was released as $version"
elif [ -n "$newest" ] && ! git merge-base --is-ancestor "$newest" "$commit"; then
  later=$(release_tags --contains "$commit" | head -n 1)
  [ -n "$later" ] ||
    die "$newest: not in the history of main; expected every release in it. If history was rewritten, tag the commit that replaces the release's, or delete the tag if it was no release"
  echo "nothing to release: $later has this commit in it"
else
  open_clone "$commit"
  find_next
  version=$next
  if [ -n "$version" ]; then
    echo "the next version is $version"
  else
    echo "nothing to release: no commit since ${newest:-the first} is a feature, a fix, a revert or a breaking change"
  fi
fi
echo "VERSION=$version" >version.env

# Squashed under a title that was changed after the check, a commit gets here with any message.
[ -n "$later" ] || git log --no-merges --format='%h %s' ${newest:+"$newest.."}"$commit" |
  grep -vE '^[0-9a-f]+ (Revert "|(build|chore|ci|docs|feat|fix|perf|refactor|revert|style|test)(\([^)]+\))?!?: )' |
  sed 's/$/: not a conventional commit, so it releases nothing; if it should, merge a commit such as "fix: …"/'
