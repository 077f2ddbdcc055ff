#!/usr/bin/env bash
# run.sh JOB: runs a provisioning job in a pipeline, with Terraform's outputs of the environment.
. "$(dirname "$0")/bash.sh"
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 1 ] || { echo "usage: provision/run.sh JOB" >&2 && exit 2; }
if [ -z "${TERRAFORM_OUTPUTS:-}" ]; then
  umask 077
  TERRAFORM_OUTPUTS=$(mktemp)
  export TERRAFORM_OUTPUTS
  trap 'rm -f "$TERRAFORM_OUTPUTS"' EXIT
  TERRAFORM_OUTPUTS='' provision/outputs.sh >"$TERRAFORM_OUTPUTS"
fi
"provision/$1.sh"
