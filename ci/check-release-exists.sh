#!/bin/sh
# check-release-exists.sh: ends with status 75 where there is no release to create on GitLab: nothing was released, or the release
# is there from an earlier run.
set -eu
[ -n "${VERSION:-}" ] || { echo "nothing to release" && exit 75; }
if command -v wget >/dev/null &&
  wget -q -O /dev/null --header "JOB-TOKEN: $CI_JOB_TOKEN" \
    "$CI_API_V4_URL/projects/$CI_PROJECT_ID/releases/v$VERSION"; then
  echo "the release v$VERSION is there already"
  exit 75
fi
echo "creating the release v$VERSION"
