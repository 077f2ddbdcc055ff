#!/bin/sh
# terraform.sh ENVIRONMENT COMMAND…: runs Terraform for dev, staging or prod. TERRAFORM_BACKEND is the state's backend:
#   hcp     (the default) HCP Terraform, workspace app-ENVIRONMENT; needs TF_CLOUD_ORGANIZATION and, unless
#           `terraform login` was run, TF_TOKEN_app_terraform_io
#   gitlab  GitLab's own, state app-ENVIRONMENT; in a pipeline nothing has to be set, elsewhere CI_API_V4_URL,
#           CI_PROJECT_ID, TF_HTTP_USERNAME and TF_HTTP_PASSWORD (an access token with the scope api)
#   local   files under terraform.tfstate.d/, to try it out
# TERRAFORM=tofu runs OpenTofu instead.
set +x # a trace prints tokens, and SHELLOPTS=xtrace of the caller switches it on
set -eu
cd "$(dirname "$0")"

refuse() {
  echo "$1" >&2
  exit 2
}

# init OPTION…: prepares the folder, and prints Terraform's output only if it fails
init() {
  log=$(mktemp)
  "$terraform" init "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    rm -f "$log"
    exit 1
  }
  rm -f "$log"
}

[ $# -ge 2 ] || refuse "usage: infrastructure/terraform.sh dev|staging|prod COMMAND…"
environment=$1
shift
case $environment in
dev | staging | prod) ;;
*) refuse "environment: \"$environment\"; expected dev, staging or prod" ;;
esac

terraform=${TERRAFORM:-terraform}
command -v "$terraform" >/dev/null || refuse "$terraform: not installed; expected Terraform or OpenTofu 1.9 or newer"

backend=${TERRAFORM_BACKEND:-hcp}
unset TF_WORKSPACE # the environment selects it
export TF_DATA_DIR=".terraform/$backend" TF_INPUT=0

case $backend in
hcp)
  [ -n "${TF_CLOUD_ORGANIZATION:-}" ] ||
    refuse "TF_CLOUD_ORGANIZATION: missing; expected the organisation's name in HCP Terraform"
  export TF_WORKSPACE="app-$environment"
  rm -f backend_override.tf
  init
  ;;
gitlab)
  for name in CI_API_V4_URL CI_PROJECT_ID; do
    eval "[ -n \"\${$name:-}\" ]" || refuse "$name: missing; expected what GitLab sets in a pipeline"
  done
  TF_HTTP_ADDRESS="$CI_API_V4_URL/projects/$CI_PROJECT_ID/terraform/state/app-$environment"
  TF_HTTP_USERNAME=${TF_HTTP_USERNAME:-gitlab-ci-token}
  TF_HTTP_PASSWORD=${TF_HTTP_PASSWORD:-${CI_JOB_TOKEN:-}}
  [ -n "$TF_HTTP_PASSWORD" ] ||
    refuse "TF_HTTP_PASSWORD: missing; expected an access token of GitLab, with the scope api"
  export TF_HTTP_ADDRESS TF_HTTP_USERNAME TF_HTTP_PASSWORD
  export TF_HTTP_LOCK_ADDRESS="$TF_HTTP_ADDRESS/lock" TF_HTTP_LOCK_METHOD=POST
  export TF_HTTP_UNLOCK_ADDRESS="$TF_HTTP_ADDRESS/lock" TF_HTTP_UNLOCK_METHOD=DELETE
  export TF_VAR_environment="$environment" # this backend knows no workspaces
  printf 'terraform {\n  backend "http" {}\n}\n' >backend_override.tf
  init -reconfigure # the state's address is another for each environment
  ;;
local)
  printf 'terraform {\n  backend "local" {}\n}\n' >backend_override.tf
  init
  "$terraform" workspace select -or-create "app-$environment" >&2
  ;;
*) refuse "TERRAFORM_BACKEND: \"$backend\"; expected hcp, gitlab or local" ;;
esac

# Locking GitLab's state needs a Maintainer. A plan changes nothing there, and Developers may read it.
[ "$backend $1" != "gitlab plan" ] || {
  shift
  set -- plan -lock=false "$@"
}

case $1 in
plan | apply | destroy) unset TF_INPUT ;; # Terraform may prompt at a terminal
esac
exec "$terraform" "$@"
