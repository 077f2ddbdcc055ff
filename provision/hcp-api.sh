# shellcheck shell=bash
# HCP Terraform's API, for the scripts that source this. Settings; all but the first have a default:
#   TF_CLOUD_ORGANIZATION      the organisation
#   TF_CLOUD_HOSTNAME          app.terraform.io, or a company's Terraform Enterprise
#   TF_TOKEN_app_terraform_io  a token that may read outputs; its name has the host's, as Terraform itself requires
#   TF_API                     the URL of the API, https://HOST/api/v2

# get URL: print the JSON of a URL. The request's header is on standard input, as every user can list the arguments of
# processes. Return 1 and print one line on a failure, after retries.
get() {
  local url=$1 body code
  body=$(mktemp)
  code=$(curl --silent --max-time 30 --retry 3 --header @- --output "$body" --write-out '%{http_code}' "$url") || code=000
  case $code in
    200) cat "$body" ;;
    000) log "$url: no answer" >&2 ;;
    401 | 403) log "$url: refused (HTTP $code); expected a token that may read it" >&2 ;;
    404) log "$url: not found (HTTP 404), or hidden from this token" >&2 ;;
    *) log "$url: HTTP $code" >&2 ;;
  esac
  rm -f "$body"
  [ "$code" = 200 ]
}

# hcp_settings: exit unless the settings are complete
hcp_settings() {
  local host=${TF_CLOUD_HOSTNAME:-app.terraform.io} token
  token=${host//-/__}
  token=TF_TOKEN_${token//./_}
  [ -n "${TF_CLOUD_ORGANIZATION:-}" ] ||
    die "TF_CLOUD_ORGANIZATION: missing; expected the organisation's name in HCP Terraform"
  [[ $TF_CLOUD_ORGANIZATION =~ ^[A-Za-z0-9_-]+$ ]] ||
    die "TF_CLOUD_ORGANIZATION: \"$TF_CLOUD_ORGANIZATION\"; expected letters, digits, _ and -"
  [ -n "${!token:-}" ] || die "$token: missing; expected a token of HCP Terraform that may read outputs"
  HCP_TOKEN=${!token}
  HCP_API=${TF_API:-https://$host/api/v2}
}

# hcp_get PATH: print the JSON at a path of the API
hcp_get() { get "$HCP_API/$1" <<<"Authorization: Bearer $HCP_TOKEN"; }
