# shellcheck shell=bash
# Functions of the provisioning jobs. Sourcing this checks ENVIRONMENT. A job then checks its own settings, and connects.
# Secrets go from program to program by pipes: never in arguments, which every user of the machine can list.
. "$(dirname "${BASH_SOURCE[0]}")/bash.sh"
PROVISION=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$PROVISION/versions.sh"

# require_var NAME EXPECTED: exit unless the variable is set
require_var() { [ -n "${!1:-}" ] || die "$1: missing; expected $2"; }

# require_file NAME EXPECTED: exit unless the variable names a readable file
require_file() {
  require_var "$1" "$2"
  [ -r "${!1}" ] || die "$1: no such file: ${!1}; expected $2"
}

# connect_cluster: exit unless the cluster answers. The default of KUBECONFIG is Terraform's output.
connect_cluster() {
  if [ -z "${KUBECONFIG:-}" ] && [ -n "${TERRAFORM_OUTPUTS:-}" ]; then
    KUBECONFIG=$(mktemp)
    export KUBECONFIG
    at_exit rm -f "$KUBECONFIG"
    require_file TERRAFORM_OUTPUTS "a file with what \`terraform output -json\` prints"
    jq --exit-status --raw-output '.kubeconfig.value | strings' "$TERRAFORM_OUTPUTS" >"$KUBECONFIG" ||
      die "TERRAFORM_OUTPUTS: no output kubeconfig; expected the kubeconfig of the cluster"
  fi
  require_file KUBECONFIG "the kubeconfig of the cluster"
  kubectl get --raw /version --request-timeout 10s >/dev/null 2>&1 ||
    die "KUBECONFIG: no answer from the cluster of $KUBECONFIG within 10 s; expected one that lets you in"
}

# at_exit COMMAND…: run it when the job ends, the newest first
at_exit() {
  local command
  printf -v command '%q ' "$@"
  AT_EXIT="$command; ${AT_EXIT:-}"
  trap 'eval "$AT_EXIT"' EXIT
}

# render TEMPLATE…: print manifests/templates/TEMPLATE. Its values are the variables that values.yaml lists, as JSON on a pipe.
render() {
  sed -n 's/^  \([A-Z_]*\): .*/\1/p' "$PROVISION/manifests/values.yaml" |
    jq --raw-input --slurp 'split("\n") as $names | {env: $ENV | with_entries(select(.key | IN($names[])))}' |
    helm template provision "$PROVISION/manifests" --values - "${@/#/--show-only=templates/}"
}

# apply: apply the objects on standard input, and log their names
apply() {
  kubectl apply --server-side --force-conflicts --field-manager provision --filename - | sed "s/^/$JOB: /"
}

# apply_secret NAME: apply manifests/templates/secret-NAME.yaml
apply_secret() { render "secret-$1.yaml" | apply; }

# create_namespace: the environment's, from the file that Flux applies
create_namespace() { sed "s/^  name: app$/  name: $NAMESPACE/" "$PROVISION/../releases/base/secrets/namespace.yml" | apply; }

# exists KIND [NAME…]: whether the cluster has it
exists() { [ -n "$(kubectl get "$@" --ignore-not-found --output name 2>/dev/null)" ]; }

# installed_by_others RELEASE NAMESPACE KIND NAME: whether the object exists, but not the Helm release
installed_by_others() {
  exists "$3" "$4" && ! helm status "$1" --namespace "$2" >/dev/null 2>&1 &&
    log "there is an installation that these jobs do not manage: left as it is"
}

# install_chart RELEASE NAMESPACE PREFIX [OPTION…]: install or upgrade a chart, with PREFIX_CHART, PREFIX_VERSION,
# values/RELEASE.yaml and PREFIX_VALUES, within CHART_MINUTES (5)
install_chart() {
  local release=$1 namespace=$2 chart=$3_CHART version=$3_VERSION values=$3_VALUES minutes=${CHART_MINUTES:-5} options
  shift 3
  options=(--namespace "$namespace" --version "${!version}" --values "$PROVISION/values/$release.yaml" "$@")
  [ -z "${!values:-}" ] || { require_file "$values" "a file of Helm values" && options+=(--values "${!values}"); }
  case ${!chart} in
    oci://*) options+=("${!chart}") ;;
    https://*) options+=(--repo "${!chart%/*}" "${!chart##*/}") ;;
    *) die "$chart: ${!chart}; expected oci://HOST/PATH/NAME or https://HOST/PATH/NAME" ;;
  esac
  [ "${CHARTS_PLAIN_HTTP:-false}" = false ] || options+=(--plain-http)
  log "$release ${!version}: installing, at most $minutes minutes …"
  # A killed job leaves a pending revision, and Helm rejects any other while there is one.
  kubectl --namespace "$namespace" delete secret --ignore-not-found \
    --selector "owner=helm,name=$release,status in (pending-install,pending-upgrade,pending-rollback)" >/dev/null
  helm upgrade --install "$release" --create-namespace --wait --timeout "${minutes}m" "${options[@]}" >/dev/null
  log "$release ${!version}: ready"
}

require_var ENVIRONMENT "dev, staging or prod"
[[ $ENVIRONMENT =~ ^[a-z0-9-]+$ && $ENVIRONMENT != base && -d $PROVISION/../releases/$ENVIRONMENT/secrets ]] ||
  die "ENVIRONMENT: $ENVIRONMENT; expected dev, staging or prod"
export ENVIRONMENT NAMESPACE=app-$ENVIRONMENT
require_program kubectl helm jq
umask 077
