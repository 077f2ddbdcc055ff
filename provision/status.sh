#!/usr/bin/env bash
# status.sh: prints for each environment its range, the version that runs, when it last changed, and whether it is
# healthy. Its cluster is that of the context app-<environment> or do-<region>-app-<environment>, else the current one.
. "$(dirname "$0")/bash.sh"
. "$(dirname "$0")/contexts.sh"
require_program kubectl jq
contexts=$(kubectl config get-contexts --output name 2>/dev/null) || contexts=
[ -n "$contexts" ] ||
  die "KUBECONFIG: no context in ${KUBECONFIG:-~/.kube/config}; expected the file that the clusters are reached with"

# line ENVIRONMENT RANGE VERSION CHANGE HEALTHY: prints a line of the table
line() { printf '%-12s  %-10s  %-10s  %-20s  %s\n' "$@"; }

# row ENVIRONMENT: prints the row of its cluster
row() {
  local context options=(--request-timeout 10s --ignore-not-found --output json) range release app before ingresses policy controller unreachable=
  context=$(context_of "$1")
  options+=(--context "$context")
  if ! range=$(kubectl get --namespace "app-$1" ocirepository app "${options[@]}" 2>/dev/null); then
    line "$1" - - - "no answer from the cluster of context $context"
    return
  fi
  release=$(kubectl get --namespace "app-$1" helmrelease app "${options[@]}")
  app=$(kubectl get --namespace "app-$1" deployment app "${options[@]}")
  # The state before the app: of its Secrets, and of releases/.
  before=$(kubectl get --namespace flux-system kustomization "app-$1-secrets" "app-$1" "${options[@]}")
  # Faults that Helm does not detect: it reports "deployed", but the page is 404 or 502.
  ingresses=$(kubectl get ingress --all-namespaces "${options[@]}" 2>/dev/null) || ingresses=
  policy=$(kubectl get --namespace "app-$1" networkpolicy app "${options[@]}")
  controller=$(jq --raw-output '.spec.ingress[0].from[0].namespaceSelector.matchLabels[]? // empty' <<<"$policy")
  if [ -n "$controller" ] && [ -z "$(kubectl get pods --namespace "$controller" --context "$context" --output name)" ]; then
    unreachable="INGRESS_NAMESPACE: no pods in $controller"
  fi
  mapfile -t cells < <(jq --null-input --raw-output --from-file "$(dirname "$0")/status.jq" \
    --argjson range "${range:-null}" --argjson release "${release:-null}" --argjson app "${app:-null}" \
    --argjson before "${before:-null}" --argjson ingresses "${ingresses:-null}" \
    --arg namespace "app-$1" --arg unreachable "$unreachable")
  line "$1" "${cells[@]}"
}

line environment range version "last change" healthy
for environment in dev staging prod; do
  row "$environment"
done
