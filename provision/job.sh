# shellcheck shell=bash
# What every provisioning job begins with. It checks ENVIRONMENT; a job then checks its own settings, and asks for the
# `cluster`. Secrets go from program to program by pipes: never by arguments, which every user of the machine can list,
# and never into a log.
. "$(dirname "${BASH_SOURCE[0]}")/bash.sh"
set -euo pipefail
shopt -s lastpipe        # `… | apply` sets CHANGED for the job itself
shopt -s inherit_errexit # what fails in $(…) ends the job
PROVISION=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$PROVISION/versions.sh"

say() { printf '%s: %s\n' "$JOB" "$*"; }
fail() { printf '%s: %s\n' "$JOB" "$*" >&2 && exit 2; }

# need NAME EXPECTED: ends the job unless the variable is set
need() { [ -n "${!1:-}" ] || fail "$1: missing; expected $2"; }

# file NAME EXPECTED: ends the job unless the variable names a file that can be read
file() {
  need "$1" "$2"
  [ -r "${!1}" ] || fail "$1: no such file: ${!1}; expected $2"
}

# output NAME EXPECTED: prints one of Terraform's outputs
output() {
  file TERRAFORM_OUTPUTS "a file with what \`terraform output -json\` prints"
  jq empty "$TERRAFORM_OUTPUTS" 2>/dev/null ||
    fail "TERRAFORM_OUTPUTS: not JSON; expected what \`terraform output -json\` prints"
  jq --exit-status --raw-output --arg name "$1" \
    '.[$name].value | select(type == "string" and . != "")' "$TERRAFORM_OUTPUTS" ||
    fail "TERRAFORM_OUTPUTS: no output $1; expected $2"
}

# cluster: ends the job unless the cluster answers; a kubeconfig that is not given is Terraform's
cluster() {
  if [ -z "${KUBECONFIG:-}" ] && [ -n "${TERRAFORM_OUTPUTS:-}" ]; then
    KUBECONFIG=$(mktemp)
    export KUBECONFIG
    at_exit rm -f "$KUBECONFIG"
    output kubeconfig "what the cluster is reached with" >"$KUBECONFIG"
  fi
  file KUBECONFIG "the file that the cluster is reached with"
  kubectl get --raw /version --request-timeout 10s >/dev/null 2>&1 ||
    fail "KUBECONFIG: no answer from the cluster of $KUBECONFIG within 10 s; expected one that lets you in"
}

# at_exit COMMAND…: runs it when the job ends, however it ends; the last that was given first
at_exit() {
  local command
  printf -v command '%q ' "$@"
  AT_EXIT="$command; ${AT_EXIT:-}"
  trap 'eval "$AT_EXIT"' EXIT
}

# apply: makes or changes the objects on standard input. Prints their names, and nothing of what is in them; CHANGED is
# true where the last call changed anything.
apply() {
  local objects before after
  objects=$(cat)
  before=$(printf '%s' "$objects" | kubectl get --ignore-not-found --filename - --output json | versions)
  after=$(printf '%s' "$objects" |
    kubectl apply --server-side --force-conflicts --field-manager provision --filename - --output json | versions)
  CHANGED=false
  while read -r name version; do
    if grep -qxF "$name $version" <<<"$before"; then
      say "$name: unchanged"
    else
      # shellcheck disable=SC2034  # read by the jobs
      CHANGED=true
      say "$name: written"
    fi
  done <<<"$after"
}
# versions: prints for each object its name, and what is another where we have changed it. Controllers write their status
# at any time, which changes the resource's version, but not the generation that most kinds have.
versions() {
  jq --raw-output '(.items? // [.])[] |
    "\(.kind)/\(.metadata.name) \(.metadata | [.generation // .resourceVersion, .labels, .annotations] | @json | @base64)"'
}

# has KIND [NAME…]: whether the cluster has it
has() { [ -n "$(kubectl get "$@" --ignore-not-found --output name 2>/dev/null)" ]; }

# namespace: makes the environment's, as Flux will
namespace() {
  kubectl create --filename "$PROVISION/../releases/base/secrets/namespace.yml" --dry-run=client --output json |
    jq --arg name "$NAMESPACE" '.metadata.name = $name' | apply
}

# chart RELEASE NAMESPACE PREFIX [OPTION…]: installs or upgrades a chart, with the version and values of PREFIX_CHART,
# PREFIX_VERSION, values/RELEASE.yaml and PREFIX_VALUES, within CHART_MINUTES (5). Does nothing if that would change nothing.
chart() {
  local release=$1 namespace=$2 chart=$3_CHART version=$3_VERSION values=$3_VALUES options
  shift 3
  options=(--namespace "$namespace" --version "${!version}" --values "$PROVISION/values/$release.yaml" "$@")
  [ -z "${!values:-}" ] || { file "$values" "a file of Helm values" && options+=(--values "${!values}"); }
  case ${!chart} in
    oci://*) options+=("${!chart}") ;;
    https://*) options+=(--repo "${!chart%/*}" "${!chart##*/}") ;;
    *) fail "$chart: ${!chart}; expected oci://HOST/PATH/NAME or https://HOST/PATH/NAME" ;;
  esac
  [ "${CHARTS_PLAIN_HTTP:-false}" = false ] || options+=(--plain-http)
  if released "$release" "$namespace" && same "$release" "$namespace" "${options[@]}"; then
    say "$release ${!version}: unchanged"
    return
  fi
  say "$release ${!version}: installing, at most ${CHART_MINUTES:-5} minutes …"
  helm upgrade --install "$release" --create-namespace --wait --timeout "${CHART_MINUTES:-5}m" "${options[@]}" >/dev/null
  say "$release ${!version}: ready"
}

# released RELEASE NAMESPACE: whether Helm has installed it
released() { helm status "$1" --namespace "$2" >/dev/null 2>&1; }

# theirs RELEASE NAMESPACE KIND NAME: whether the object shows an installation that is not the release; says so
theirs() {
  has "$3" "$4" && ! released "$1" "$2" && say "there is an installation that is not this job's: left as it is"
}

# same RELEASE NAMESPACE OPTIONS…: whether an upgrade would change nothing
same() {
  local release=$1 namespace=$2
  shift 2
  [ "$(helm status "$release" --namespace "$namespace" --output json | jq --raw-output .info.status)" = deployed ] &&
    # before the JSON, Helm says what it has fetched
    [ "$(helm get manifest "$release" --namespace "$namespace")" = \
      "$(helm upgrade "$release" --dry-run=server --output json "$@" | sed -n '/^{/,$p' | jq --raw-output .manifest)" ]
}

JOB=$(basename "$0" .sh)
need ENVIRONMENT "dev, staging or prod"
[[ $ENVIRONMENT =~ ^[a-z0-9-]+$ && $ENVIRONMENT != base && -d $PROVISION/../releases/$ENVIRONMENT/secrets ]] ||
  fail "ENVIRONMENT: $ENVIRONMENT; expected dev, staging or prod"
# shellcheck disable=SC2034  # read by the jobs
NAMESPACE=app-$ENVIRONMENT
for program in kubectl helm jq; do
  command -v "$program" >/dev/null || fail "$program: not found; expected on the PATH"
done
umask 077
