# shellcheck shell=bash disable=SC2034  # read by the jobs that source this
# Versions of all charts and images that the jobs install. The same variables in the environment name a company's mirror:
# `CERT_MANAGER_CHART=oci://…`; `…_VALUES` names a file of more values, such as the registry of its images.
: "${CERT_MANAGER_CHART:=oci://quay.io/jetstack/charts/cert-manager}"
: "${CERT_MANAGER_VERSION:=v1.21.2}"
: "${SEALED_SECRETS_CHART:=https://bitnami.github.io/sealed-secrets/sealed-secrets}"
: "${SEALED_SECRETS_VERSION:=2.19.3}"
: "${NGINX_INGRESS_CHART:=oci://ghcr.io/nginx/charts/nginx-ingress}"
: "${NGINX_INGRESS_VERSION:=2.7.2}"
: "${FLUX_OPERATOR_CHART:=oci://ghcr.io/controlplaneio-fluxcd/charts/flux-operator}"
: "${FLUX_OPERATOR_VERSION:=0.59.0}"
# The oldest with Receivers of type `generic-oidc`; patches come by themselves, as they hold the fixes of security.
: "${FLUX_VERSION:=2.9.x}"
# The registry of Flux's images, and the artifact with its manifests: if that is empty, the operator's image has them.
: "${FLUX_REGISTRY:=ghcr.io/fluxcd}"
: "${FLUX_MANIFESTS=oci://ghcr.io/controlplaneio-fluxcd/flux-operator-manifests}"
# MySQL's client, for the Job that sets the users' privileges.
: "${MYSQL_IMAGE:=mysql:9.7}"
