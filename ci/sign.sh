#!/bin/sh
# sign.sh [--check]: signs the published image and chart. Attests the image's contents (build/sbom.json) and its origin
# (provenance, SLSA 1.0). Verifies all of it. Signing again adds a signature of the same bytes. --check only checks
# the settings. Needs cosign.
# COSIGN_PRIVATE_KEY: the key's file, a variable of the type File; COSIGN_PASSWORD: its password. Nothing is published
# but the signature. Without a key, on GitLab.com: keyless, by SIGSTORE_ID_TOKEN, which enters the project's path and
# commit in Sigstore's public log; for a project that is not public only with COSIGN_KEYLESS=true.
# REGISTRY_INSECURE=true: the registry speaks plain HTTP (default: false).
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh

if [ -n "${COSIGN_PRIVATE_KEY:-}" ]; then
  [ -f "$COSIGN_PRIVATE_KEY" ] || die "COSIGN_PRIVATE_KEY: no file; expected a variable of the type File with the key in it" 2
  [ -n "${COSIGN_PASSWORD+set}" ] || die "COSIGN_PASSWORD: missing; expected the password of COSIGN_PRIVATE_KEY" 2
elif [ "${CI_SERVER_HOST:-}" != gitlab.com ] || [ -z "${SIGSTORE_ID_TOKEN:-}" ]; then
  die "COSIGN_PRIVATE_KEY: missing; expected a key of 'cosign generate-key-pair', as only GitLab.com signs without one" 2
elif [ "${CI_PROJECT_VISIBILITY:-}" != public ] && [ "${COSIGN_KEYLESS:-}" != true ]; then
  die "COSIGN_PRIVATE_KEY: missing; expected a key, or COSIGN_KEYLESS=true: signing without a key enters this project's path in a public log, and the project is not public" 2
fi
[ "${1:-}" != --check ] || exit 0

mkdir -p build
cat >build/provenance.json <<JSON
{
  "buildDefinition": {
    "buildType": "$CI_PROJECT_URL/-/blob/main/docs/pipeline.md",
    "externalParameters": {"version": "$VERSION"},
    "resolvedDependencies": [{"uri": "git+$CI_PROJECT_URL@refs/tags/v$VERSION", "digest": {"gitCommit": "$CI_COMMIT_SHA"}}]
  },
  "runDetails": {
    "builder": {"id": "$CI_SERVER_URL/-/runners/${CI_RUNNER_ID:-unknown}"},
    "metadata": {"invocationId": "$CI_PIPELINE_URL"}
  }
}
JSON

set -- --yes
if [ -n "${COSIGN_PRIVATE_KEY:-}" ]; then
  cosign public-key --key "$COSIGN_PRIVATE_KEY" --outfile build/cosign.pub
  identity="--key build/cosign.pub --insecure-ignore-tlog"
  set -- "$@" --key "$COSIGN_PRIVATE_KEY" --tlog-upload=false
else
  identity="--certificate-oidc-issuer $CI_SERVER_URL --certificate-identity-regexp ^$CI_PROJECT_URL//"
fi
if [ "${REGISTRY_INSECURE:-false}" = true ]; then
  identity="$identity --allow-http-registry --allow-insecure-registry"
  set -- "$@" --allow-http-registry
fi
[ -z "${CI_REGISTRY_PASSWORD:-}" ] ||
  printf %s "$CI_REGISTRY_PASSWORD" | cosign login --username "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY"

image=$CI_REGISTRY_IMAGE@$IMAGE_DIGEST
chart=$CI_REGISTRY_IMAGE/charts/app@$CHART_DIGEST
cosign sign "$@" "$image"
cosign attest "$@" --type spdxjson --predicate build/sbom.json "$image"
cosign attest "$@" --type slsaprovenance1 --predicate build/provenance.json "$image"
cosign sign "$@" "$chart"
# shellcheck disable=SC2086  # options
{
  cosign verify $identity "$image" "$chart" >/dev/null
  cosign verify-attestation $identity --type slsaprovenance1 "$image" >/dev/null
  cosign verify-attestation $identity --type spdxjson "$image" >/dev/null
}
echo "signed $VERSION: $image and its chart"
