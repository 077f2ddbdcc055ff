#!/bin/sh
# sbom.sh: lists the contents of the candidate $IMAGE_DIGEST (SPDX) in build/sbom.json. Needs syft.
# REGISTRY_INSECURE=true: the registry speaks plain HTTP (default: false).
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh
exit_without "${IMAGE_DIGEST:-}"

PATH=$PATH:/ # the image has the program there
export SYFT_CHECK_FOR_APP_UPDATE=false SYFT_REGISTRY_INSECURE_USE_HTTP="${REGISTRY_INSECURE:-false}"
export SYFT_REGISTRY_AUTH_AUTHORITY="$CI_REGISTRY" SYFT_REGISTRY_AUTH_USERNAME="${CI_REGISTRY_USER:-}"
export SYFT_REGISTRY_AUTH_PASSWORD="${CI_REGISTRY_PASSWORD:-}"
mkdir -p build
syft scan "registry:$CI_REGISTRY_IMAGE@$IMAGE_DIGEST" --quiet --output spdx-json=build/sbom.json
echo "$(grep -o '"SPDXID": *"SPDXRef-Package' build/sbom.json | wc -l) packages listed in build/sbom.json"
