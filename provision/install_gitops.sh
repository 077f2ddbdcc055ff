#!/usr/bin/env bash
# Installs Flux, and writes the address of releases/ and the settings of this installation. Flux reads git and the registry, and
# writes to neither. An installation that these jobs do not manage gets the same objects.
. "$(dirname "$0")/lib.sh"
: "${REGISTRY:=${CI_REGISTRY_IMAGE:-}}" "${REGISTRY_INSECURE:=false}" "${CERTIFICATE_ISSUER:=}" "${INGRESS_NAMESPACE:=}"
: "${GIT_URL:=${CI_PROJECT_URL:+$CI_PROJECT_URL.git}}" "${GIT_BRANCH:=${CI_DEFAULT_BRANCH:-main}}"
: "${GIT_USER:=${CI_DEPLOY_USER:-}}" "${GIT_PASSWORD:=${CI_DEPLOY_PASSWORD:-}}" "${COMPONENTS:=}"
: "${GITLAB_URL:=${CI_SERVER_URL:-}}" "${GITLAB_PROJECT_PATH:=${CI_PROJECT_PATH:-}}"
: "${SIGNATURE_ISSUER:=}" "${SIGNATURE_SUBJECT:=}"
require_var REGISTRY "the image's repository, such as registry.example.com/group/app"
[[ $REGISTRY =~ ^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+$ ]] ||
  die "REGISTRY: $REGISTRY; expected HOST/PATH, in lower case and without https://"
require_var DOMAIN "the domain of the environments' names, such as app.example.com"
[[ $DOMAIN =~ ^[a-z0-9-]+(\.[a-z0-9-]+)*$ ]] || die "DOMAIN: $DOMAIN; expected a name such as app.example.com"
[[ $REGISTRY_INSECURE =~ ^(true|false)$ ]] || die "REGISTRY_INSECURE: $REGISTRY_INSECURE; expected true or false"
require_var GIT_URL "this repository, such as https://gitlab.com/group/app.git"
[[ $GIT_URL =~ ^https?://[^@]+$ ]] ||
  die "GIT_URL: of another form; expected https://HOST/PATH.git, with the user in GIT_USER"
[ -z "$GIT_USER" ] || require_var GIT_PASSWORD "the token of GIT_USER"
components="notify-gitlab notify-webhook receiver-oidc receiver-token verify verify-keyless"
for component in $COMPONENTS; do
  case $component in
    notify-gitlab) require_var GITLAB_TOKEN "a project access token with the scope api" ;;
    notify-webhook) require_var WEBHOOK_ADDRESS "the address that takes Flux's events" ;;
    receiver-token) require_var RECEIVER_TOKEN "a long random text, which the pipeline has, too" ;;
    verify) require_file COSIGN_PUBLIC_KEY "the file cosign.pub" && COSIGN_PUBLIC_KEY_TEXT=$(<"$COSIGN_PUBLIC_KEY") ;;
    verify-keyless)
      require_var SIGNATURE_SUBJECT "a regular expression, such as ^https://gitlab\.com/group/app//"
      require_var SIGNATURE_ISSUER "a regular expression, such as ^https://gitlab\.com$"
      ;;
    receiver-oidc) ;;
    *) die "COMPONENTS: $component; expected some of: $components" ;;
  esac
  case $component in
    notify-gitlab | receiver-oidc)
      require_var GITLAB_URL "GitLab's address, such as https://gitlab.com"
      require_var GITLAB_PROJECT_PATH "the project's path, such as group/app"
      ;;
  esac
done
export REGISTRY REGISTRY_INSECURE DOMAIN CERTIFICATE_ISSUER INGRESS_NAMESPACE COMPONENTS
export FLUX_VERSION FLUX_REGISTRY FLUX_MANIFESTS
export GIT_URL GIT_BRANCH GIT_USER GIT_PASSWORD GITLAB_URL GITLAB_PROJECT_PATH SIGNATURE_ISSUER SIGNATURE_SUBJECT
export GITLAB_TOKEN WEBHOOK_ADDRESS RECEIVER_TOKEN COSIGN_PUBLIC_KEY_TEXT

connect_cluster
if ! installed_by_others flux-operator flux-system customresourcedefinition helmreleases.helm.toolkit.fluxcd.io; then
  install_chart flux-operator flux-system FLUX_OPERATOR
  render flux-instance.yaml | apply
  log "waiting for Flux's controllers, at most 5 minutes …"
  kubectl --namespace flux-system wait fluxinstance/flux --for condition=Ready --timeout 5m >/dev/null
fi

create_namespace
render flux-tenant.yaml flux-settings.yaml flux-sync.yaml | apply
if [[ $COMPONENTS == *notify-* ]]; then
  render flux-alerts.yaml | apply
fi
if [[ $COMPONENTS == *receiver-* ]]; then
  render flux-receiver.yaml | apply
fi

log "waiting until Flux has read $GIT_URL, at most 1 minute …"
kubectl --namespace flux-system wait gitrepository/app --for condition=Ready --timeout 1m >/dev/null 2>&1 || {
  message=$(kubectl --namespace flux-system get gitrepository app --output \
    'jsonpath={.status.conditions[?(@.type=="Ready")].message}')
  die "GIT_URL: Flux cannot read its branch $GIT_BRANCH (${message%%$'\n'*}); expected a token with read_repository"
}
for secret in app-registry app-mysql app-secret; do
  exists secret "$secret" --namespace "$NAMESPACE" || log "Flux waits for the Secret $secret before it installs the app"
done
exists pods --namespace "${INGRESS_NAMESPACE:=nginx-ingress}" ||
  log "INGRESS_NAMESPACE: no pods in $INGRESS_NAMESPACE; expected the ingress controller's, or pages are 502"
log "Flux follows ./releases/$ENVIRONMENT of $GIT_URL, branch $GIT_BRANCH"
