#!/usr/bin/env bash
# Installs F5's NGINX Ingress Controller, class `nginx`. Where that class is somebody else's, it is left as it is: the
# chart of the app keeps to the Ingress standard, so any controller of that class will do.
. "$(dirname "$0")/job.sh"
cluster

namespace=nginx-ingress
if theirs nginx-ingress "$namespace" ingressclass nginx; then
  say "set INGRESS_NAMESPACE for install_gitops to the namespace of its pods, where it is not $namespace"
  exit
fi
# The chart's schema refers to others on raw.githubusercontent.com, without which Helm stops (kubernetes-ingress#7193).
# Helm waits for the load balancer, too, which takes a cloud more than 5 minutes.
CHART_MINUTES=15
chart nginx-ingress "$namespace" NGINX_INGRESS --skip-schema-validation

# balancer FILTER: prints that of the Service of the controller, where it is a load balancer
balancer() {
  kubectl --namespace "$namespace" get services --output json |
    jq --raw-output "first(.items[] | select(.spec.type == \"LoadBalancer\")) | $1 // empty"
}
if [ -z "$(balancer .metadata.name)" ]; then
  say "its Service is no load balancer: point the names of DOMAIN at what leads to it"
  exit
fi
say "waiting for the address of its Service, at most $CHART_MINUTES minutes …"
deadline=$((SECONDS + CHART_MINUTES * 60))
while [ "$SECONDS" -lt "$deadline" ]; do
  address=$(balancer '.status.loadBalancer.ingress[0] | .ip // .hostname')
  [ -z "$address" ] || break
  sleep 5
done
[ -n "$address" ] || fail "LoadBalancer: no address within $CHART_MINUTES minutes; expected a cluster with load balancers"
say "point the names of DOMAIN at $address"
