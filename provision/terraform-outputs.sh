#!/usr/bin/env bash
# terraform-outputs.sh: prints Terraform's outputs of ENVIRONMENT, in the form of `terraform output -json`:
#   {"database_url": {"value": "mysql+pymysql://…", "sensitive": true}, …}
# They are secrets: write them to a file that only you can read. They come from
#   TERRAFORM_OUTPUTS          a file of `infrastructure/terraform.sh ENVIRONMENT output -json`, if it is set
#   TERRAFORM_BACKEND=hcp      HCP Terraform, the default; hcp-api.sh has the settings
#   TERRAFORM_BACKEND=gitlab   GitLab's state: CI_API_V4_URL, CI_PROJECT_ID and CI_JOB_TOKEN, which a pipeline has;
#                              elsewhere TF_HTTP_USERNAME and TF_HTTP_PASSWORD instead of the last
# Exit status: 2 if something is missing or wrong, 1 if the API gave no answer.
. "$(dirname "${BASH_SOURCE[0]}")/bash.sh"
. "$(dirname "${BASH_SOURCE[0]}")/hcp-api.sh"

from_file() {
  [ -r "$TERRAFORM_OUTPUTS" ] ||
    die "TERRAFORM_OUTPUTS: \"$TERRAFORM_OUTPUTS\" cannot be read; expected a file of \`terraform output -json\`"
  jq --slurp 'if length == 1 and (.[0] | type == "object") then .[0] else error end' "$TERRAFORM_OUTPUTS" 2>/dev/null ||
    die "TERRAFORM_OUTPUTS: \"$TERRAFORM_OUTPUTS\" is no JSON object; expected a file of \`terraform output -json\`"
}

# A list of outputs has no sensitive values, so each output is a request.
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
    [ -n "${!name:-}" ] || die "$name: missing; expected what GitLab sets in a pipeline"
  done
  [ -n "$password" ] ||
    die "CI_JOB_TOKEN: missing; expected what GitLab sets in a pipeline, or TF_HTTP_USERNAME and TF_HTTP_PASSWORD"
  get "$CI_API_V4_URL/projects/$CI_PROJECT_ID/terraform/state/app-$ENVIRONMENT" \
    <<<"Authorization: Basic $(printf '%s:%s' "$user" "$password" | base64 | tr -d '\n')" | jq .outputs
}

[[ ${ENVIRONMENT:-} =~ ^(dev|staging|prod)$ ]] || die "ENVIRONMENT: \"${ENVIRONMENT:-}\"; expected dev, staging or prod"
case ${TERRAFORM_OUTPUTS:+file}${TERRAFORM_BACKEND:-hcp} in
  file*) outputs=$(from_file) ;;
  hcp) outputs=$(from_hcp) ;;
  gitlab) outputs=$(from_gitlab) ;;
  local) die "TERRAFORM_OUTPUTS: missing; expected a file of \`infrastructure/terraform.sh $ENVIRONMENT output -json\`" ;;
  *) die "TERRAFORM_BACKEND: \"$TERRAFORM_BACKEND\"; expected hcp, gitlab or local" ;;
esac
# Here, once for all jobs.
for name in kubeconfig database_url migrations_database_url admin_database_url database_ca; do
  jq --exit-status --arg name "$name" '.[$name].value | strings | . != ""' <<<"$outputs" >/dev/null 2>&1 ||
    die "$name: missing in the outputs of $ENVIRONMENT; expected a text, which applying infrastructure/ writes"
done
printf '%s\n' "$outputs"
