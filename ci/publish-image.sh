#!/bin/sh
# publish-image.sh: names the candidate of $IMAGE_DIGEST $CI_REGISTRY_IMAGE:$VERSION. Nothing is built or copied: the
# published bytes are those that were scanned. A second run changes nothing; another image of that name is left as it is,
# with exit status 1.
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh
. ci/registry.sh

log_in
name=$CI_REGISTRY_IMAGE:$VERSION
published=$(digest_of "$name")
case $published in
"$IMAGE_DIGEST") echo "$name exists already, with these bytes" ;;
'')
  name_image "$CI_REGISTRY_IMAGE@$IMAGE_DIGEST" "$name"
  echo "published $name@$IMAGE_DIGEST"
  ;;
*) die "$name: $published; expected $IMAGE_DIGEST, or no such image. It is left as it is" ;;
esac
