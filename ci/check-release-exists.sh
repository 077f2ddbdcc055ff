#!/bin/sh
# check-release-exists.sh: exits with status 75 if there is no release to create on GitLab: nothing was released, or an
# earlier run created it.
set -eu
[ -n "${VERSION:-}" ] || { echo "nothing to release" && exit 75; }
if wget -q -O /dev/null --header "JOB-TOKEN: $CI_JOB_TOKEN" "$CI_API_V4_URL/projects/$CI_PROJECT_ID/releases/v$VERSION"; then
  echo "the release v$VERSION exists already"
  exit 75
fi
echo "creating the release v$VERSION"
