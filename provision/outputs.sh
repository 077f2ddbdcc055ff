#!/usr/bin/env bash
# outputs.sh: prints Terraform's outputs for ENVIRONMENT, in the form of `terraform output -json`:
#   {"database_url": {"value": "mysql+pymysql://…", "sensitive": true}, …}
# They are secrets: send them into a file that only you can read. They come from
#   TERRAFORM_OUTPUTS          this file, where it is set: of `infrastructure/terraform.sh ENVIRONMENT output -json`
#   TERRAFORM_BACKEND=hcp      else HCP Terraform, which is the default; for its settings see hcp.sh
#   TERRAFORM_BACKEND=gitlab   or GitLab's state: CI_API_V4_URL, CI_PROJECT_ID and CI_JOB_TOKEN, which a pipeline has;
#                              elsewhere TF_HTTP_USERNAME and TF_HTTP_PASSWORD instead of the last
# Exit status: 2 where something is missing or wrong, 1 where the API gave no answer.
# shellcheck source=provision/hcp.sh
. "$(dirname "${BASH_SOURCE[0]}")/hcp.sh"
set -euo pipefail
shopt -s inherit_errexit # what fails within $(…) ends it there

from_file() {
  [ -r "$TERRAFORM_OUTPUTS" ] ||
    refuse "TERRAFORM_OUTPUTS: \"$TERRAFORM_OUTPUTS\" cannot be read; expected a file of \`terraform output -json\`"
  jq --slurp 'if length == 1 and (.[0] | type == "object") then .[0] else error end' "$TERRAFORM_OUTPUTS" 2>/dev/null ||
    refuse "TERRAFORM_OUTPUTS: \"$TERRAFORM_OUTPUTS\" is no JSON object; expected a file of \`terraform output -json\`"
}

# A list of outputs has no sensitive values: each has to be asked for by itself.
from_hcp() {
  local workspace id ids
  hcp_settings
  workspace=$(hcp_get "organizations/$TF_CLOUD_ORGANIZATION/workspaces/app-$ENVIRONMENT" | jq --raw-output .data.id)
  ids=$(hcp_get "workspaces/$workspace/current-state-version-outputs" | jq --raw-output '.data[].id')
  for id in $ids; do
    hcp_get "state-version-outputs/$id"
  done | jq --slurp 'map(.data.attributes | {(.name): {value, sensitive}}) | add // {}'
}

from_gitlab() {
  local name user=${TF_HTTP_USERNAME:-gitlab-ci-token} password=${TF_HTTP_PASSWORD:-${CI_JOB_TOKEN:-}}
  for name in CI_API_V4_URL CI_PROJECT_ID; do
    [ -n "${!name:-}" ] || refuse "$name: missing; expected what GitLab sets in a pipeline"
  done
  [ -n "$password" ] ||
    refuse "CI_JOB_TOKEN: missing; expected what GitLab sets in a pipeline, or TF_HTTP_USERNAME and TF_HTTP_PASSWORD"
  get "$CI_API_V4_URL/projects/$CI_PROJECT_ID/terraform/state/app-$ENVIRONMENT" \
    <<<"Authorization: Basic $(printf '%s:%s' "$user" "$password" | base64 | tr -d '\n')" | jq .outputs
}

the_environment
if [ -n "${TERRAFORM_OUTPUTS:-}" ]; then
  outputs=$(from_file)
else
  case ${TERRAFORM_BACKEND:-hcp} in
    hcp) outputs=$(from_hcp) ;;
    gitlab) outputs=$(from_gitlab) ;;
    local)
      refuse "TERRAFORM_OUTPUTS: missing; expected a file of \`infrastructure/terraform.sh $ENVIRONMENT output -json\`"
      ;;
    *) refuse "TERRAFORM_BACKEND: \"$TERRAFORM_BACKEND\"; expected hcp, gitlab or local" ;;
  esac
fi

# Told here, once, and not by whichever job first needs what is not there.
for name in kubeconfig database_url migrations_database_url admin_database_url database_ca; do
  jq --exit-status --arg name "$name" '.[$name].value | strings | . != ""' <<<"$outputs" >/dev/null 2>&1 ||
    refuse "$name: missing in the outputs of $ENVIRONMENT; expected a text, which applying infrastructure/ writes"
done
printf '%s\n' "$outputs"
