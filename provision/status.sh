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
  local context options=(--request-timeout 10s --ignore-not-found --output json) range release app before
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
  mapfile -t cells < <(jq --null-input --raw-output \
    --argjson range "${range:-null}" --argjson release "${release:-null}" --argjson app "${app:-null}" \
    --argjson before "${before:-null}" '
    def one_line:
      gsub("\\s+"; " ") | sub(" for release \\S+ with chart app@(?<version>[^+: ]+)[^: ]*"; " for \(.version)") | .[:120];
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
    else "yes" end')
  line "$1" "${cells[@]}"
}

line environment range version "last change" healthy
for environment in dev staging prod; do
  row "$environment"
done
