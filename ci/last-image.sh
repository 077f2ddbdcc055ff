#!/bin/sh
# last-image.sh VERSION: prints the published image of that release, by digest; nothing if there is none, or no registry
# in CI_REGISTRY_IMAGE. Needs docker and skopeo.
set -eu
cd "$(dirname "$0")/.."
. ci/registry.sh

[ -n "${CI_REGISTRY_IMAGE:-}" ] || exit 0
log_in
digest=$(digest_of "$CI_REGISTRY_IMAGE:$1")
[ -z "$digest" ] || echo "$CI_REGISTRY_IMAGE@$digest"
