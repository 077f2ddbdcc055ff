#!/usr/bin/env bash
# release.sh main DIR: merges DIR's commit into main and releases it by the scripts of the pipeline's jobs, on this machine:
# a PIPELINE for machines without a runner. It omits the checks, the SBOM and the scan, the signature, and the
# release on GitLab. DIR.release, a clone in which it works, is kept for the next release.
# REGISTRY: the registry, which Docker has to take for one of this machine, localhost:PORT.
# PIPELINE_VARIABLES: a file of project variables, of which FLUX_RECEIVERS and RECEIVER_TOKEN are read.
# ROOT_CERTIFICATE: a command that prints the CA of the receivers' certificates.
set -euo pipefail
if [ $# != 2 ] || [ "$1" != main ]; then
  echo "usage: release.sh main DIR; all other events need a runner" >&2 && exit 2
fi
cd "$2"
commit=$(git rev-parse HEAD)
work=$PWD.release
origin=$(git config remote.origin.url)
address=$(git remote get-url origin) # as it is reached from here
project=${origin#*://*/} project=${project%.git}
git push --quiet origin HEAD:main
[ -d "$work" ] || git clone --quiet "$origin" "$work"
cd "$work"
rm -f ./*.env

export CI=true CI_COMMIT_SHA=$commit CI_COMMIT_BRANCH=main CI_JOB_TOKEN=unused
export CI_SERVER_URL=https://gitlab.localhost CI_PROJECT_URL=https://gitlab.localhost/$project
export CI_REGISTRY=$REGISTRY CI_REGISTRY_IMAGE=$REGISTRY/$project REGISTRY_INSECURE=true
# semantic-release pushes the tag to GitLab only, from a clone of its own.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.${address%"$project.git"}.insteadOf"
export GIT_CONFIG_VALUE_0="https://gitlab-ci-token:$CI_JOB_TOKEN@gitlab.localhost/"
git fetch --quiet origin
git checkout --quiet --force -B main "$commit"

# variable NAME: prints a project variable
variable() { jq --raw-output --arg name "$1" '.[$name] // ""' "${PIPELINE_VARIABLES:-/dev/null}"; }

make --no-print-directory version
ci/image.sh --push
[ -e image.env ] || exit 0 # nothing to release
VERSION=$(sed -n 's/^VERSION=//p' version.env)
IMAGE_DIGEST=$(sed -n 's/^IMAGE_DIGEST=//p' image.env)
export VERSION IMAGE_DIGEST
ci/tag.sh
ci/publish-image.sh
ci/publish-chart.sh
FLUX_RECEIVERS=$(variable FLUX_RECEIVERS) RECEIVER_TOKEN=$(variable RECEIVER_TOKEN)
export FLUX_RECEIVERS RECEIVER_TOKEN
if [ -n "${ROOT_CERTIFICATE:-}" ]; then
  $ROOT_CERTIFICATE >roots.env
  export CURL_CA_BUNDLE=$PWD/roots.env
fi
ci/notify-flux.sh || echo "Flux was not told, and finds it a little later"
