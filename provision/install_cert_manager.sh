#!/usr/bin/env bash
# Installs cert-manager, and writes the ClusterIssuers letsencrypt and letsencrypt-staging. An installation that these jobs
# do not manage gets the issuers only.
. "$(dirname "$0")/lib.sh"
: "${ACME_EMAIL:=}" "${ACME_SERVER:=}" "${ACME_CA_BUNDLE:=}"
[ -z "$ACME_CA_BUNDLE" ] || require_file ACME_CA_BUNDLE "a PEM file with the certificates of the ACME server's CA"
[[ -z $ACME_SERVER || $ACME_SERVER == https://* ]] || die "ACME_SERVER: $ACME_SERVER; expected https://HOST/PATH"
export ACME_EMAIL ACME_SERVER ACME_CA_BUNDLE_TEXT=${ACME_CA_BUNDLE:+$(<"$ACME_CA_BUNDLE")}

connect_cluster
installed_by_others cert-manager cert-manager customresourcedefinition certificates.cert-manager.io ||
  install_chart cert-manager cert-manager CERT_MANAGER

issuers=$(render cluster-issuers.yaml)
log "waiting for cert-manager's webhook, at most 1 minute …"
for _ in {1..30}; do
  ! kubectl apply --dry-run=server --filename - <<<"$issuers" >/dev/null 2>&1 || break
  sleep 2
done
apply <<<"$issuers"
log "waiting for the ACME server to register both issuers, at most 2 minutes …"
kubectl wait --for condition=Ready clusterissuer letsencrypt letsencrypt-staging --timeout 2m >/dev/null || {
  message=$(kubectl get clusterissuer letsencrypt --output 'jsonpath={.status.conditions[0].message}')
  die "ACME_SERVER: ${ACME_SERVER:-Let\'s Encrypt} does not accept the issuers ($message); expected a verified answer"
}
log "both issuers are ready"
