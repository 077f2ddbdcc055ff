#!/usr/bin/env bash
# seal.sh NAME: asks for a value, without showing it, and writes it to releases/$ENVIRONMENT/secrets/app-secret.yml,
# where only that environment's cluster can read it. Also takes it from standard input. Needs kubeseal, and the public
# key of the cluster: of KUBECONFIG, or in the file SEALED_SECRETS_CERT (`kubeseal --fetch-cert`).
. "$(dirname "$0")/bash.sh"
set -euo pipefail
fail() { printf 'seal: %s\n' "$*" >&2 && exit 2; }

cd "$(dirname "$0")/.."
name=${1:-} folder=releases/${ENVIRONMENT:-}/secrets
[[ ${ENVIRONMENT:-} =~ ^[a-z0-9-]+$ && $ENVIRONMENT != base && -d $folder ]] ||
  fail "ENV: ${ENVIRONMENT:-missing}; expected dev, staging or prod"
[[ $name =~ ^[A-Z][A-Z0-9_]*$ ]] ||
  fail "NAME: ${name:-missing}; expected the key of the Secret, such as APP_SECRET"
for program in kubeseal jq; do
  command -v "$program" >/dev/null || fail "$program: not found; expected on the PATH"
done
certificate=$(mktemp)
trap 'rm -f "$certificate"' EXIT
kubeseal --fetch-cert >"$certificate" 2>/dev/null ||
  fail "no public key: expected Sealed Secrets in the cluster of KUBECONFIG, or its certificate in SEALED_SECRETS_CERT"

if [ -t 0 ]; then
  read -rsp "$name of $ENVIRONMENT (is not shown): " value
  echo >&2
else
  IFS= read -r value || [ -n "$value" ] || fail "$name: no value; expected it on standard input"
fi
[ -n "$value" ] || fail "$name: empty; expected a value"

# The value goes through pipes only: `printf` is the shell's own, and kubeseal reads standard input.
printf '%s' "$value" | jq --raw-input --slurp --arg name "$name" --arg namespace "app-$ENVIRONMENT" '{
  apiVersion: "v1",
  kind: "Secret",
  metadata: {name: "app-secret", namespace: $namespace},
  stringData: {($name): .}
}' | {
  if [ -e "$folder/app-secret.yml" ]; then
    kubeseal --cert "$certificate" --scope strict --format yaml --merge-into "$folder/app-secret.yml"
  else
    kubeseal --cert "$certificate" --scope strict --format yaml --sealed-secret-file "$folder/app-secret.yml"
  fi
}
grep -qx '  - app-secret.yml' "$folder/kustomization.yaml" || echo '  - app-secret.yml' >>"$folder/kustomization.yaml"
echo "sealed $name for $ENVIRONMENT: commit $folder"
