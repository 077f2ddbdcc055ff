#!/usr/bin/env bash
# Installs F5's NGINX Ingress Controller, class `nginx`. Leaves a controller of that class that these jobs do not manage as it
# is: the app's chart uses standard Ingress fields only.
. "$(dirname "$0")/lib.sh"
connect_cluster

namespace=nginx-ingress
if installed_by_others nginx-ingress "$namespace" ingressclass nginx; then
  log "set INGRESS_NAMESPACE for install_gitops to the namespace of its pods, unless that is $namespace"
  exit
fi
# Helm also waits for the load balancer, which takes a cloud more than 5 minutes. The chart's schema refers to others on
# raw.githubusercontent.com, without which Helm stops (nginx/kubernetes-ingress#7193).
CHART_MINUTES=15
install_chart nginx-ingress "$namespace" NGINX_INGRESS --skip-schema-validation

# balancer JSONPATH: print that of the controller's Service, if it is a load balancer
balancer() { kubectl --namespace "$namespace" get services --output "jsonpath={.items[?(@.spec.type==\"LoadBalancer\")]$1}"; }
if [ -z "$(balancer .metadata.name)" ]; then
  log "its Service is no load balancer: point the names of DOMAIN at what leads to it"
  exit
fi
log "waiting for the address of its Service, at most $CHART_MINUTES minutes …"
deadline=$((SECONDS + CHART_MINUTES * 60))
while [ "$SECONDS" -lt "$deadline" ]; do
  address=$(balancer .status.loadBalancer.ingress[0].ip)$(balancer .status.loadBalancer.ingress[0].hostname)
  [ -z "$address" ] || break
  sleep 5
done
[ -n "$address" ] || die "LoadBalancer: no address within $CHART_MINUTES minutes; expected a cluster with load balancers"
log "point the names of DOMAIN at $address"
