#!/usr/bin/env bash
# Installs Sealed Secrets, which turns the SealedSecrets of releases/ into Secrets. Leaves an installation that these jobs do
# not manage as it is.
. "$(dirname "$0")/lib.sh"
connect_cluster
definition=sealedsecrets.bitnami.com
installed_by_others sealed-secrets kube-system customresourcedefinition "$definition" ||
  install_chart sealed-secrets kube-system SEALED_SECRETS
kubectl wait --for condition=Established "customresourcedefinition/$definition" --timeout 60s >/dev/null
