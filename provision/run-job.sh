#!/usr/bin/env bash
# run-job.sh JOB: runs a provisioning job in a pipeline, with Terraform's outputs of ENVIRONMENT.
. "$(dirname "$0")/bash.sh"
cd "$(dirname "$0")/.."
[ $# -eq 1 ] || die "JOB: missing; expected the name of a provisioning job"
if [ -z "${TERRAFORM_OUTPUTS:-}" ]; then
  umask 077
  TERRAFORM_OUTPUTS=$(mktemp)
  export TERRAFORM_OUTPUTS
  trap 'rm -f "$TERRAFORM_OUTPUTS"' EXIT
  TERRAFORM_OUTPUTS='' provision/terraform-outputs.sh >"$TERRAFORM_OUTPUTS"
fi
"provision/$1.sh"
