#!/usr/bin/env bash
# Installs cert-manager, and writes the ClusterIssuers letsencrypt and letsencrypt-staging. An installation of somebody
# else's is left as it is, and is given the issuers.
. "$(dirname "$0")/job.sh"
: "${ACME_EMAIL:=}" "${ACME_SERVER:=}" "${ACME_CA_BUNDLE:=}"
[ -z "$ACME_CA_BUNDLE" ] || file ACME_CA_BUNDLE "a PEM file with the certificates of the ACME server's authority"
[[ -z $ACME_SERVER || $ACME_SERVER == https://* ]] || fail "ACME_SERVER: $ACME_SERVER; expected https://HOST/PATH"

cluster

theirs cert-manager cert-manager customresourcedefinition certificates.cert-manager.io ||
  chart cert-manager cert-manager CERT_MANAGER

# issuer NAME SERVER
issuer() {
  jq --null-input --arg name "$1" --arg server "${ACME_SERVER:-$2}" --arg email "$ACME_EMAIL" \
    --rawfile ca "${ACME_CA_BUNDLE:-/dev/null}" '{
      apiVersion: "cert-manager.io/v1",
      kind: "ClusterIssuer",
      metadata: {name: $name},
      spec: {acme: ({
        server: $server,
        privateKeySecretRef: {name: "\($name)-account"},
        solvers: [{http01: {ingress: {ingressClassName: "nginx"}}}]
      } + if $email != "" then {email: $email} else {} end
        + if $ca != "" then {caBundle: $ca | @base64} else {} end)}
    }'
}

issuers() {
  issuer letsencrypt https://acme-v02.api.letsencrypt.org/directory
  issuer letsencrypt-staging https://acme-staging-v02.api.letsencrypt.org/directory
}

say "waiting for cert-manager's webhook, at most 1 minute …"
for _ in {1..30}; do
  ! issuers | kubectl apply --dry-run=server --filename - >/dev/null 2>&1 || break
  sleep 2
done
issuers | jq --slurp '{apiVersion: "v1", kind: "List", items: .}' | apply
say "waiting until the ACME server knows both issuers, at most 2 minutes …"
kubectl wait --for condition=Ready clusterissuer letsencrypt letsencrypt-staging --timeout 2m >/dev/null || {
  message=$(kubectl get clusterissuer letsencrypt --output 'jsonpath={.status.conditions[0].message}')
  fail "ACME_SERVER: ${ACME_SERVER:-Let\'s Encrypt} does not accept the issuers ($message); expected a verified answer"
}
say "both issuers are ready"
