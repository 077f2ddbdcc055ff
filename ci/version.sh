#!/bin/sh
# version.sh: finds the version that this commit of main is, or will be, released as: says it, and writes VERSION=X.Y.Z
# to version.env, or VERSION= where there is nothing to release. In a merge request it says what the merge would
# release. Needs `make .venv/release.stamp`.
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh

on_main
version=$(released)
if [ -n "$version" ]; then
  echo "this commit was released as $version"
else
  find_next
  version=$next
  if [ -n "$version" ]; then
    echo "the next version is $version"
  else
    echo "nothing to release: no commit since the last release is a feature, a fix or a breaking change"
  fi
fi
echo "VERSION=$version" >version.env
