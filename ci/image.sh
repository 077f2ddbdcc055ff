#!/bin/sh
# image.sh [--push | --push-anew]: builds the image of this checkout.
# Without an option: as $VERSION (default: 0.0.0), left in the local Docker as IMAGE:VERSION. --push: as the version in
# version.env, pushed as the candidate of this commit and version, once; an existing candidate is used as it is.
# --push-anew: without any cache, for the weekly check. Both write IMAGE_DIGEST=sha256:… to image.env.
# IMAGE: the repository (default: CI_REGISTRY_IMAGE, else app). IMAGE_PLATFORMS, of the pushed image: linux/amd64,
# linux/arm64, or both with a comma, for which Docker needs its containerd image store (default: this machine's platform).
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh
. ci/registry.sh
image=${IMAGE:-${CI_REGISTRY_IMAGE:-app}}
version=${VERSION:-0.0.0}
revision=${CI_COMMIT_SHA:-$(git rev-parse HEAD)}
platforms=${IMAGE_PLATFORMS:-}
EMULATOR=tonistiigi/binfmt:qemu-v9.2.2

case $platforms in
'' | linux/amd64 | linux/arm64 | linux/amd64,linux/arm64 | linux/arm64,linux/amd64) ;;
*) die "IMAGE_PLATFORMS: $platforms; expected linux/amd64, linux/arm64, or both with a comma" 2 ;;
esac

# build TAG OPTION…
build() {
  tag=$1
  shift
  docker build "$@" --tag "$image:$tag" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
    --build-arg "SOURCE=${CI_PROJECT_URL:-unknown}" .
}

case ${1:-} in
'')
  build "$(echo "$version" | tr + -)"
  exit
  ;;
--push)
  version=$(sed -n 's/^VERSION=//p' version.env)
  exit_without "$version"
  tag=candidate-$version-$revision
  ;;
--push-anew) tag=candidate-weekly-$revision ;;
*) die "usage: ci/image.sh [--push | --push-anew]" 2 ;;
esac

log_in
digest=
[ "$1" = --push-anew ] || digest=$(digest_of "$image:$tag")
if [ -n "$digest" ]; then
  echo "$image:$tag was built before, and is used as it is"
else
  case $platforms in *arm64*) docker run --privileged --rm "$EMULATOR" --install arm64 >/dev/null ;; esac
  # BuildKit's own attestation would make an index of one image; ci/sign.sh attests.
  set -- "$1" --provenance=false ${platforms:+--platform "$platforms"}
  [ "$1" = --push ] || set -- "$@" --no-cache --pull
  shift
  build "$tag" "$@"
  docker push "$image:$tag"
  digest=$(digest_of "$image:$tag")
fi
echo "IMAGE_DIGEST=$digest" | tee image.env
