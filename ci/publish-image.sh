#!/bin/sh
# publish-image.sh: gives the candidate of $IMAGE_DIGEST the name $CI_REGISTRY_IMAGE:$VERSION. Nothing is built or copied:
# the published bytes are those that were scanned. A second run changes nothing; where another image has that name, it
# ends with status 1 and leaves it.
set -eu
cd "$(dirname "$0")/.."
. ci/registry.sh
[ -n "${VERSION:-}" ] || { echo "nothing to release" && exit 0; }

log_in
name=$CI_REGISTRY_IMAGE:$VERSION
there=$(digest_of "$name")
case $there in
"$IMAGE_DIGEST") echo "$name is there already, with these bytes" ;;
'')
  imagetools create --prefer-index=false --tag "$name" "$CI_REGISTRY_IMAGE@$IMAGE_DIGEST"
  echo "published $name@$IMAGE_DIGEST"
  ;;
*) echo "$name is there already, as $there, not $IMAGE_DIGEST: it is left as it is" >&2 && exit 1 ;;
esac
