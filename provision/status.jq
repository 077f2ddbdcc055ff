# status.sh runs it for one environment: prints the cells of its row, one a line.
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
# The rollback succeeded; operators need the failure before it.
(condition("Released") | select(.status == "False" and $ready.status == "False") // $ready) as $reason |
($range.spec.ref.semver // "-"),
($app.metadata.labels["app.kubernetes.io/version"] // "-"),
($release.status.history[0].lastDeployed // "-"),
if $waiting then "no: \($waiting | one_line)"
elif $release == null then "not in this cluster"
elif $ready.status != "True" then "no: \($reason.message // "Flux has not looked at it yet" | one_line)"
elif $app.status.availableReplicas != $app.spec.replicas then
  "no: \($app.status.availableReplicas // 0) of \($app.spec.replicas) pods are ready"
else first(taken, ($unreachable | select(. != "")) | "no: \(.)") // "yes" end
