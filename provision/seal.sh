#!/usr/bin/env bash
# seal.sh NAME: prompts for a value, without showing it. Writes it to releases/$ENVIRONMENT/secrets/app-secret.yml,
# so that only that environment's cluster can read it. A value of several lines comes from standard input. Needs kubeseal,
# kubectl, and the public key of the cluster: of the environment's context in KUBECONFIG, which must have the namespace
# app-$ENVIRONMENT, or in the file SEALED_SECRETS_CERT (`kubeseal --fetch-cert`).
. "$(dirname "$0")/bash.sh"
cd "$(dirname "$0")/.."
name=${1:-} folder=releases/${ENVIRONMENT:-}/secrets
[[ ${ENVIRONMENT:-} =~ ^[a-z0-9-]+$ && $ENVIRONMENT != base && -d $folder ]] ||
  die "ENV: ${ENVIRONMENT:-missing}; expected dev, staging or prod"
[[ $name =~ ^[A-Z][A-Z0-9_]*$ ]] ||
  die "NAME: ${name:-missing}; expected the key of the Secret, such as APP_SECRET"
require_program kubeseal kubectl jq
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
options=()
no_key="no public key: expected Sealed Secrets in the cluster of KUBECONFIG, or its certificate in SEALED_SECRETS_CERT"
if [ -z "${SEALED_SECRETS_CERT:-}" ]; then
  # shellcheck source=provision/contexts.sh
  . provision/contexts.sh
  context=$(context_of "$ENVIRONMENT")
  [ -n "$context" ] ||
    die "KUBECONFIG: no context for $ENVIRONMENT, or several; expected one, named app-$ENVIRONMENT, or the current one"
  options=(--context "$context")
  found=$(kubectl get namespace "app-$ENVIRONMENT" --ignore-not-found --output name --request-timeout 10s "${options[@]}" \
    2>/dev/null) || die "$no_key"
  [ -n "$found" ] ||
    die "KUBECONFIG: the cluster of context $context has no namespace app-$ENVIRONMENT; expected that of $ENVIRONMENT"
fi
kubeseal --fetch-cert "${options[@]}" >"$copy/certificate" 2>/dev/null || die "$no_key"

if [ -t 0 ]; then
  IFS= read -rsp "$name of $ENVIRONMENT (is not shown): " value || :
  echo >&2
  if read -rst 0.1; then
    while read -rst 0.1; do :; done # or the shell would run the rest of a paste
    die "$name: several lines; expected one, or a file: make seal ENV=$ENVIRONMENT NAME=$name <FILE"
  fi
elif IFS= read -rd '' value; then
  die "$name: has a NUL byte; expected text in UTF-8"
fi
while [[ $value == *[$'\r\n'] ]]; do value=${value%?}; done
[ -n "$value" ] || die "$name: empty; expected a value"
[[ ! $value =~ ^[[:space:]]|[[:space:]]$ ]] ||
  die "$name: begins or ends with a blank; expected none, as the service removes them"
[[ $value != $'\xef\xbb\xbf'* && $(printf '%s' "$value" | jq --raw-input --slurp --join-output .) = "$value" ]] ||
  die "$name: of another encoding; expected text in UTF-8, without a byte order mark"

# In a copy, so that nothing is left half done. The value goes through pipes only: `printf` is the shell's own, and
# kubeseal reads standard input.
cp -R releases "$copy"
sealed=app-secret.yml target=(--sealed-secret-file "$copy/$folder/app-secret.yml")
[ ! -e "$folder/$sealed" ] || target=(--merge-into "$copy/$folder/$sealed")
error=$(printf '%s' "$value" | jq --raw-input --slurp --arg name "$name" --arg namespace "app-$ENVIRONMENT" '{
  apiVersion: "v1",
  kind: "Secret",
  metadata: {name: "app-secret", namespace: $namespace},
  stringData: {($name): .}
}' | kubeseal --cert "$copy/certificate" --scope strict --format yaml "${target[@]}" 2>&1) ||
  die "$folder/$sealed: ${error%%$'\n'*}; expected what \`make seal\` wrote, and a certificate of Sealed Secrets"

# listed: whether Flux applies it
listed() { kubectl kustomize "$copy/$folder" 2>/dev/null | grep -qx 'kind: SealedSecret'; }
if ! listed; then
  sed "s|^\\( *\\)- .*base/secrets.*|&\\
\\1- $sealed|" "$folder/kustomization.yaml" >"$copy/$folder/kustomization.yaml"
  listed || die "$folder/kustomization.yaml: does not have $sealed; expected it among its resources"
fi
cp "$copy/$folder/$sealed" "$copy/$folder/kustomization.yaml" "$folder/"
echo "sealed $name for $ENVIRONMENT: commit $folder"
