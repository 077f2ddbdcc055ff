#!/usr/bin/env bash
# Installs Flux, and tells it where releases/ is and what differs in this installation. Flux reads git and the registry,
# and writes to neither. An installation of somebody else's is left as it is, and is given the same objects.
. "$(dirname "$0")/job.sh"
: "${REGISTRY:=${CI_REGISTRY_IMAGE:-}}" "${REGISTRY_INSECURE:=false}" "${CERTIFICATE_ISSUER:=}" "${INGRESS_NAMESPACE:=}"
: "${GIT_URL:=${CI_PROJECT_URL:+$CI_PROJECT_URL.git}}" "${GIT_BRANCH:=${CI_DEFAULT_BRANCH:-main}}"
: "${GIT_USER:=${CI_DEPLOY_USER:-}}" "${GIT_PASSWORD:=${CI_DEPLOY_PASSWORD:-}}" "${COMPONENTS:=}"
: "${GITLAB_URL:=${CI_SERVER_URL:-}}" "${GITLAB_PROJECT_PATH:=${CI_PROJECT_PATH:-}}"
: "${SIGNATURE_ISSUER:=}" "${SIGNATURE_SUBJECT:=}"
need REGISTRY "the image's repository, such as registry.example.com/group/app"
[[ $REGISTRY =~ ^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+$ ]] ||
  fail "REGISTRY: $REGISTRY; expected HOST/PATH, in lower case and without https://"
need DOMAIN "the name that the environments' names end with, such as app.example.com"
[[ $DOMAIN =~ ^[a-z0-9-]+(\.[a-z0-9-]+)*$ ]] || fail "DOMAIN: $DOMAIN; expected a name such as app.example.com"
[[ $REGISTRY_INSECURE =~ ^(true|false)$ ]] || fail "REGISTRY_INSECURE: $REGISTRY_INSECURE; expected true or false"
need GIT_URL "this repository, such as https://gitlab.com/group/app.git"
[[ $GIT_URL =~ ^https?://[^@]+$ ]] ||
  fail "GIT_URL: of another form; expected https://HOST/PATH.git, with the user in GIT_USER"
[ -z "$GIT_USER" ] || need GIT_PASSWORD "the token of GIT_USER"
for component in $COMPONENTS; do
  case $component in
    notify-gitlab) need GITLAB_TOKEN "a project access token with the scope api" ;;
    notify-webhook) need WEBHOOK_ADDRESS "the address that takes Flux's events" ;;
    receiver-token) need RECEIVER_TOKEN "a long random text, which the pipeline knows, too" ;;
    verify) file COSIGN_PUBLIC_KEY "the file cosign.pub" && COSIGN_PUBLIC_KEY_TEXT=$(<"$COSIGN_PUBLIC_KEY") ;;
    verify-keyless) need SIGNATURE_SUBJECT "a regular expression, such as ^https://gitlab\.com/group/app//" ;;
    receiver-oidc) ;;
    *) fail "COMPONENTS: $component; expected some of: $(cd "$PROVISION/../releases/components" && echo *)" ;;
  esac
  case $component in
    notify-gitlab | receiver-oidc)
      need GITLAB_URL "GitLab's address, such as https://gitlab.com"
      need GITLAB_PROJECT_PATH "the project's path, such as group/app"
      ;;
    verify-keyless) need SIGNATURE_ISSUER "a regular expression, such as ^https://gitlab\.com$" ;;
  esac
done

# opaque NAME NAMESPACE [KEY VARIABLE]…: writes a Secret with what is in the variables
opaque() {
  local name=$1 namespace=$2
  shift 2
  jq --null-input --arg name "$name" --arg namespace "$namespace" '{
    apiVersion: "v1",
    kind: "Secret",
    metadata: {name: $name, namespace: $namespace},
    data: ($ARGS.positional as $pairs | [range(0; $pairs | length; 2) | {($pairs[.]): $ENV[$pairs[. + 1]] | @base64}] | add)
  }' --args "$@" | apply
}

cluster
if ! theirs flux-operator flux-system customresourcedefinition helmreleases.helm.toolkit.fluxcd.io; then
  chart flux-operator flux-system FLUX_OPERATOR
  jq --arg version "$FLUX_VERSION" '.spec.distribution.version = $version' "$PROVISION/flux-instance.json" | apply
  say "waiting for Flux's controllers, at most 5 minutes …"
  kubectl --namespace flux-system wait fluxinstance/flux --for condition=Ready --timeout 5m >/dev/null
fi

namespace
export ENVIRONMENT NAMESPACE REGISTRY REGISTRY_INSECURE DOMAIN CERTIFICATE_ISSUER INGRESS_NAMESPACE COMPONENTS
export GIT_URL GIT_BRANCH GIT_USER GIT_PASSWORD GITLAB_URL GITLAB_PROJECT_PATH SIGNATURE_ISSUER SIGNATURE_SUBJECT
export GITLAB_TOKEN WEBHOOK_ADDRESS RECEIVER_TOKEN COSIGN_PUBLIC_KEY_TEXT
[ -z "$GIT_USER" ] || opaque app-git flux-system username GIT_USER password GIT_PASSWORD
for component in $COMPONENTS; do
  case $component in
    notify-gitlab) opaque app-gitlab "$NAMESPACE" token GITLAB_TOKEN ;;
    notify-webhook) opaque app-webhook "$NAMESPACE" address WEBHOOK_ADDRESS ;;
    receiver-token) opaque app-receiver "$NAMESPACE" token RECEIVER_TOKEN ;;
    verify) opaque app-signature "$NAMESPACE" cosign.pub COSIGN_PUBLIC_KEY_TEXT ;;
  esac
done
# The settings that releases/ refers to as ${NAME}; Flux applies a change of them at once, as the label asks.
jq --null-input '{
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {name: $ENV.NAMESPACE, namespace: "flux-system", labels: {"reconcile.fluxcd.io/watch": "Enabled"}},
  data: ($ENV | with_entries(select(.key | IN(
    "ENVIRONMENT", "REGISTRY", "REGISTRY_INSECURE", "DOMAIN", "CERTIFICATE_ISSUER", "INGRESS_NAMESPACE",
    "GITLAB_URL", "GITLAB_PROJECT_PATH", "SIGNATURE_ISSUER", "SIGNATURE_SUBJECT"))))
}' | apply
# Where releases/ is. Two Kustomizations, for the order: the app waits until all three Secrets are there, whoever writes
# them and whenever. Without that, its first migration would wait for them, fail, and be tried again, but not for ever.
jq --null-input '
def kustomization($name; $spec): {
  apiVersion: "kustomize.toolkit.fluxcd.io/v1",
  kind: "Kustomization",
  metadata: {name: $name, namespace: "flux-system"},
  spec: ({
    sourceRef: {kind: "GitRepository", name: "app"},
    prune: true,
    interval: "10m",
    retryInterval: "30s",
    timeout: "30s"
  } + $spec)
};
{
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata: {name: "app", namespace: "flux-system"},
      spec: ({url: $ENV.GIT_URL, ref: {branch: $ENV.GIT_BRANCH}, interval: "1m", timeout: "30s"}
        + if $ENV.GIT_USER != "" then {secretRef: {name: "app-git"}} else {} end)
    },
    kustomization("\($ENV.NAMESPACE)-secrets"; {
      path: "./releases/\($ENV.ENVIRONMENT)/secrets",
      healthChecks: [
        {apiVersion: "v1", kind: "Secret", name: ("app-registry", "app-mysql", "app-secret")},
        {apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", name: "app-secret"}
        | . + {namespace: $ENV.NAMESPACE}
      ],
      # One that the cluster cannot read leaves the old Secret as it was: without this, nobody would know.
      healthCheckExprs: [{
        apiVersion: "bitnami.com/v1alpha1",
        kind: "SealedSecret",
        failed: "status.conditions.filter(e, e.type == \"Synced\").all(e, e.status == \"False\")",
        current: "status.conditions.filter(e, e.type == \"Synced\").all(e, e.status == \"True\")"
      }]
    }),
    kustomization($ENV.NAMESPACE; {
      path: "./releases/\($ENV.ENVIRONMENT)",
      dependsOn: [{name: "\($ENV.NAMESPACE)-secrets"}],
      # add_mysql_secret writes the second: port and address of the database.
      postBuild: {substituteFrom: [
        {kind: "ConfigMap", name: $ENV.NAMESPACE},
        {kind: "ConfigMap", name: "\($ENV.NAMESPACE)-database", optional: true}
      ]},
      components: [$ENV.COMPONENTS | splits(" +") | select(. != "") | "../components/\(.)"]
    })
  ]
}' | apply
if [[ $COMPONENTS == *receiver-* ]]; then
  # What the pipeline reaches Flux by: the controller's own Service, so it is in that namespace. Flux's own policies let
  # nobody in there but to that controller; the pod that answers cert-manager's challenge has to be let in, too.
  jq --null-input '{
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: {name: "\($ENV.NAMESPACE)-receiver", namespace: "flux-system"},
    spec: {
      podSelector: {matchLabels: {"acme.cert-manager.io/http01-solver": "true"}},
      policyTypes: ["Ingress"],
      ingress: [{ports: [{port: 8089}]}]
    }
  }' | apply
  jq --null-input '"flux-\($ENV.ENVIRONMENT).\($ENV.DOMAIN)" as $host | {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name: "\($ENV.NAMESPACE)-receiver",
      namespace: "flux-system",
      annotations: {
        "cert-manager.io/cluster-issuer": ($ENV.CERTIFICATE_ISSUER | if . == "" then "letsencrypt" else . end),
        "acme.cert-manager.io/http01-edit-in-place": "true"
      }
    },
    spec: {
      ingressClassName: "nginx",
      tls: [{hosts: [$host], secretName: "\($ENV.NAMESPACE)-receiver-tls"}],
      rules: [{host: $host, http: {paths: [{
        path: "/hook/", pathType: "Prefix", backend: {service: {name: "webhook-receiver", port: {number: 80}}}
      }]}}]
    }
  }' | apply
fi

say "waiting until Flux has read $GIT_URL, at most 1 minute …"
kubectl --namespace flux-system wait gitrepository/app --for condition=Ready --timeout 1m >/dev/null 2>&1 || {
  message=$(kubectl --namespace flux-system get gitrepository app --output \
    'jsonpath={.status.conditions[?(@.type=="Ready")].message}')
  fail "GIT_URL: Flux cannot read its branch $GIT_BRANCH (${message%%$'\n'*}); expected a token with read_repository"
}
for secret in app-registry app-mysql app-secret; do
  has secret "$secret" --namespace "$NAMESPACE" || say "Flux waits for the Secret $secret before it installs the app"
done
has pods --namespace "${INGRESS_NAMESPACE:-nginx-ingress}" ||
  say "INGRESS_NAMESPACE: no pods in ${INGRESS_NAMESPACE:-nginx-ingress}; expected the ingress controller's, or pages are 502"
say "Flux follows ./releases/$ENVIRONMENT of $GIT_URL, branch $GIT_BRANCH"
