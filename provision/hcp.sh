# hcp.sh: HCP Terraform's API, for the scripts that source this. Settings, all but the first with a default:
#   TF_CLOUD_ORGANIZATION      the organisation
#   TF_CLOUD_HOSTNAME          app.terraform.io, or a company's Terraform Enterprise
#   TF_TOKEN_app_terraform_io  a token that may read runs and outputs; named after the host, as Terraform itself has it
#   TF_API                     the address of the API, https://HOST/api/v2
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/bash.sh"

say() { printf '%s\n' "$*" >&2; }

refuse() {
  say "$@"
  exit 2
}

# the_environment: ENVIRONMENT is one that exists
the_environment() {
  case ${ENVIRONMENT:-} in
    dev | staging | prod) ;;
    *) refuse "ENVIRONMENT: \"${ENVIRONMENT:-}\"; expected dev, staging or prod" ;;
  esac
}

# get ADDRESS: the JSON that is there, asked for with the header on standard input, so that no token is seen in the list
# of processes. Status 1 and one line where it cannot be had; what may pass is tried again.
get() {
  local address=$1 body code options
  body=$(mktemp)
  options=(--silent --max-time 30 --retry 3 --header @- --output "$body" --write-out '%{http_code}')
  code=$(curl "${options[@]}" "$address") || code=000
  case $code in
    200) cat "$body" ;;
    000) say "$address: no answer" ;;
    401 | 403) say "$address: refused (HTTP $code); expected a token that may read it" ;;
    404) say "$address: not found (HTTP 404), or hidden from this token" ;;
    *) say "$address: HTTP $code" ;;
  esac
  rm -f "$body"
  [ "$code" = 200 ]
}

hcp_settings() {
  local host=${TF_CLOUD_HOSTNAME:-app.terraform.io}
  local token=${host//-/__}
  token=TF_TOKEN_${token//./_}
  [ -n "${TF_CLOUD_ORGANIZATION:-}" ] ||
    refuse "TF_CLOUD_ORGANIZATION: missing; expected the organisation's name in HCP Terraform"
  [[ $TF_CLOUD_ORGANIZATION =~ ^[A-Za-z0-9_-]+$ ]] ||
    refuse "TF_CLOUD_ORGANIZATION: \"$TF_CLOUD_ORGANIZATION\"; expected letters, digits, _ and -"
  [ -n "${!token:-}" ] || refuse "$token: missing; expected a token of HCP Terraform that may read runs and outputs"
  HCP_TOKEN=${!token}
  HCP_API=${TF_API:-https://$host/api/v2}
}

# hcp_get PATH: an answer of the API
hcp_get() {
  get "$HCP_API/$1" <<<"Authorization: Bearer $HCP_TOKEN"
}
