#!/usr/bin/env bash
# Installs Sealed Secrets, which turns the SealedSecrets of releases/ into Secrets. An installation of somebody else's
# is left as it is.
. "$(dirname "$0")/job.sh"
cluster

definition=sealedsecrets.bitnami.com
theirs sealed-secrets kube-system customresourcedefinition "$definition" ||
  chart sealed-secrets kube-system SEALED_SECRETS
kubectl wait --for condition=Established "customresourcedefinition/$definition" --timeout 60s >/dev/null
