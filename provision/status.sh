#!/usr/bin/env bash
# status.sh: prints for each environment its range, the version that runs, when it last changed, and whether it is
# healthy. Its cluster is that of the context app-<environment> or do-<region>-app-<environment>, else the current one.
. "$(dirname "$0")/bash.sh"
. "$(dirname "$0")/contexts.sh"
set -euo pipefail
fail() { printf 'status: %s\n' "$*" >&2 && exit 2; }

for program in kubectl jq; do
  command -v "$program" >/dev/null || fail "$program: not found; expected on the PATH"
done
contexts=$(kubectl config get-contexts --output name 2>/dev/null) || contexts=
[ -n "$contexts" ] ||
  fail "KUBECONFIG: no context in ${KUBECONFIG:-~/.kube/config}; expected the file that the clusters are reached with"

# line ENVIRONMENT RANGE VERSION CHANGE HEALTHY: prints a line of the table
line() { printf '%-12s  %-10s  %-10s  %-20s  %s\n' "$@"; }

# row ENVIRONMENT: prints what its cluster says
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
  # What comes before the app: its Secrets, and what releases/ says of it.
  before=$(kubectl get --namespace flux-system kustomization "app-$1-secrets" "app-$1" "${options[@]}")
  # Faults that Helm does not detect: it reports "deployed", but the page is 404 or 502.
  ingresses=$(kubectl get ingress --all-namespaces "${options[@]}" 2>/dev/null) || ingresses=
  policy=$(kubectl get --namespace "app-$1" networkpolicy app "${options[@]}")
  controller=$(jq --raw-output '.spec.ingress[0].from[0].namespaceSelector.matchLabels[]? // empty' <<<"$policy")
  if [ -n "$controller" ] && [ -z "$(kubectl get pods --namespace "$controller" --context "$context" --output name)" ]; then
    unreachable="INGRESS_NAMESPACE: no pods in $controller"
  fi
  mapfile -t cells < <(jq --null-input --raw-output \
    --argjson range "${range:-null}" --argjson release "${release:-null}" --argjson app "${app:-null}" \
    --argjson before "${before:-null}" --argjson ingresses "${ingresses:-null}" \
    --arg namespace "app-$1" --arg unreachable "$unreachable" '
    def one_line:
      gsub("\\s+"; " ") | sub(" for release \\S+ with chart app@(?<version>[^+: ]+)[^: ]*"; " for \(.version)") | .[:120];
    # The oldest Ingress of a host has it; the controller rejects the others.
    def taken:
      [$ingresses.items[]? | select(.spec.ingressClassName)] as $all |
      first($all[] | select(.metadata.namespace == $namespace and .metadata.name == "app")) as $own |
      first(
        $all[] | select(.metadata.uid != $own.metadata.uid and .spec.ingressClassName == $own.spec.ingressClassName
          and .metadata.creationTimestamp <= $own.metadata.creationTimestamp) |
        .metadata as {$namespace, $name} | .spec.rules[]?.host | select(IN($own.spec.rules[].host)) |
        "\(.) belongs to the older Ingress \($namespace)/\($name)");
    def condition($type): $release.status.conditions // [] | map(select(.type == $type))[0];
    [$before.items[]?.status.conditions[]? | select(.type == "Ready" and .status == "False").message][0] as $waiting |
    condition("Ready") as $ready |
    # The rollback succeeded; what people want to know is what failed before it.
    (condition("Released") | select(.status == "False" and $ready.status == "False") // $ready) as $reason |
    ($range.spec.ref.semver // "-"),
    ($app.metadata.labels["app.kubernetes.io/version"] // "-"),
    ($release.status.history[0].lastDeployed // "-"),
    if $waiting then "no: \($waiting | one_line)"
    elif $release == null then "not in this cluster"
    elif $ready.status != "True" then "no: \($reason.message // "Flux has not looked at it yet" | one_line)"
    elif $app.status.availableReplicas != $app.spec.replicas then
      "no: \($app.status.availableReplicas // 0) of \($app.spec.replicas) pods are ready"
    else first(taken, ($unreachable | select(. != "")) | "no: \(.)") // "yes" end')
  line "$1" "${cells[@]}"
}

line environment range version "last change" healthy
for environment in dev staging prod; do
  row "$environment"
done
