#!/bin/sh
# image.sh [--push | --push-anew]: builds the image of this checkout as $VERSION (default: 0.0.0).
# Without an option it is left in the local Docker, as IMAGE:VERSION. --push makes it the candidate of this commit and
# version in the registry, once: where the candidate is there already, it is used as it is. --push-anew builds it without
# anything kept from earlier builds, for the weekly check. Both write IMAGE_DIGEST=sha256:… to image.env.
# IMAGE: the repository (default: CI_REGISTRY_IMAGE, else app).
set -eu
cd "$(dirname "$0")/.."
. ci/registry.sh
image=${IMAGE:-${CI_REGISTRY_IMAGE:-app}}
version=${VERSION:-0.0.0}
revision=${CI_COMMIT_SHA:-$(git rev-parse HEAD)}

# build TAG OPTIONS…
build() {
  tag=$1
  shift
  docker build "$@" --tag "$image:$tag" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
    --build-arg "SOURCE=${CI_PROJECT_URL:-unknown}" .
}

# candidate TAG OPTIONS…: builds and pushes it
candidate() {
  build "$@"
  docker push "$image:$1"
}

case ${1:-} in
'')
  build "$(echo "$version" | tr + -)"
  exit
  ;;
--push)
  [ -n "${VERSION:-}" ] || { echo "nothing to release" && exit 0; }
  tag=candidate-$version-$revision
  ;;
--push-anew) tag=candidate-weekly-$revision ;;
*) echo "usage: ci/image.sh [--push | --push-anew]" >&2 && exit 2 ;;
esac

log_in
digest=
[ "$1" = --push-anew ] || digest=$(digest_of "$image:$tag")
if [ -n "$digest" ]; then
  echo "$image:$tag was built before, and is used as it is"
elif [ "$1" = --push ]; then
  candidate "$tag"
else
  candidate "$tag" --no-cache --pull
fi
[ -n "$digest" ] || digest=$(digest_of "$image:$tag")
echo "IMAGE_DIGEST=$digest" | tee image.env
