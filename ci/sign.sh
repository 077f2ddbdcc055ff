#!/bin/sh
# sign.sh: signs the published image and chart, and attests to the image what is in it (build/sbom.json) and where it
# comes from (provenance, SLSA 1.0), and checks what it signed. Needs cosign. Signing again adds a signature of the same
# bytes.
# Keyless where GitLab gave SIGSTORE_ID_TOKEN and the server is GitLab.com, which Sigstore trusts; else by the key in
# COSIGN_PRIVATE_KEY, with COSIGN_PASSWORD. REGISTRY_INSECURE=true: the registry speaks plain HTTP (default: false).
set -eu
cd "$(dirname "$0")/.."
[ -n "${VERSION:-}" ] || { echo "nothing to release" && exit 0; }

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

if [ "${CI_SERVER_HOST:-}" = gitlab.com ] && [ -n "${SIGSTORE_ID_TOKEN:-}" ]; then
  identity="--certificate-oidc-issuer $CI_SERVER_URL --certificate-identity-regexp ^$CI_PROJECT_URL//"
  set -- --yes
elif [ -n "${COSIGN_PRIVATE_KEY:-}" ]; then
  # a key speaks for itself: nothing goes to Sigstore's public log
  cosign public-key --key env://COSIGN_PRIVATE_KEY --outfile build/cosign.pub
  identity="--key build/cosign.pub --insecure-ignore-tlog"
  set -- --yes --key env://COSIGN_PRIVATE_KEY --tlog-upload=false --use-signing-config=false
else
  echo "COSIGN_PRIVATE_KEY: missing; expected a key of 'cosign generate-key-pair', as this GitLab cannot sign without one" >&2
  exit 2
fi
if [ "${REGISTRY_INSECURE:-false}" = true ]; then
  identity="$identity --allow-http-registry"
  set -- "$@" --allow-http-registry
fi
[ -z "${CI_REGISTRY_PASSWORD:-}" ] ||
  printf %s "$CI_REGISTRY_PASSWORD" | cosign login --username "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY"

image=$CI_REGISTRY_IMAGE@$IMAGE_DIGEST
cosign sign "$@" "$image"
cosign attest "$@" --type spdxjson --predicate build/sbom.json "$image"
cosign attest "$@" --type slsaprovenance1 --predicate build/provenance.json "$image"
cosign sign "$@" "$CI_REGISTRY_IMAGE/charts/app@$CHART_DIGEST"
# shellcheck disable=SC2086  # options
{
  cosign verify $identity "$image" "$CI_REGISTRY_IMAGE/charts/app@$CHART_DIGEST" >/dev/null
  cosign verify-attestation $identity --type slsaprovenance1 "$image" >/dev/null
  cosign verify-attestation $identity --type spdxjson "$image" >/dev/null
}
echo "signed $VERSION: $image and its chart"
