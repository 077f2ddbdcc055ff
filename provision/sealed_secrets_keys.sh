#!/usr/bin/env bash
# sealed_secrets_keys.sh backup FILE: writes the sealing keys, which are private, to a file that only you can read.
# sealed_secrets_keys.sh restore FILE: gives them to a cluster, so that it can read secrets sealed for the lost one.
# The file decrypts every SealedSecret in git: keep it with your passwords, never in a repository.
. "$(dirname "$0")/bash.sh"
action=${1:-} file=${2:-}
# As kubeseal knows them.
namespace=${SEALED_SECRETS_CONTROLLER_NAMESPACE:-kube-system}
controller=${SEALED_SECRETS_CONTROLLER_NAME:-sealed-secrets-controller}
if [[ ! $action =~ ^(backup|restore)$ ]]; then
  echo "usage: provision/sealed_secrets_keys.sh backup|restore FILE" >&2
  exit 2
fi
JOB=sealed-secrets-$action
[ -n "$file" ] || die "FILE: missing; expected the file of the keys"
k() { kubectl --namespace "$namespace" "$@"; }
k get "deployment/$controller" --request-timeout 10s >/dev/null 2>&1 ||
  die "KUBECONFIG: no Sealed Secrets there; expected $namespace/$controller"

umask 077
if [ "$action" = backup ]; then
  [ ! -e "$file" ] || die "FILE: $file exists; expected a new file"
  cd "$(dirname "$file")" 2>/dev/null || die "FILE: no such folder: $(dirname "$file"); expected one outside of repositories"
  file=$PWD/$(basename "$file")
  if git rev-parse --git-dir >/dev/null 2>&1 && ! git check-ignore --quiet "$file"; then
    die "FILE: $file could be committed; expected a file outside of repositories"
  fi
  # Only the keys themselves; a new cluster gives them an age and a version of its own.
  keys=$(k get secrets --selector sealedsecrets.bitnami.com/sealed-secrets-key --output json |
    jq '.items |= map({apiVersion, kind, type, data, metadata: (.metadata | {name, namespace, labels})})')
  jq --exit-status '.items != []' <<<"$keys" >/dev/null ||
    die "KUBECONFIG: no keys in $namespace; expected one, which the controller makes when it starts"
  printf '%s\n' "$keys" >"$file"
  echo "$(jq '.items | length' "$file") keys are in $file: keep it where passwords are kept"
else
  [ -r "$file" ] || die "FILE: no such file: $file; expected what \`make sealed-secrets-backup\` wrote"
  jq --exit-status '.items | length > 0 and all(.data["tls.key"] != null)' "$file" >/dev/null 2>&1 ||
    die "FILE: $file has no keys; expected what \`make sealed-secrets-backup\` wrote"
  k apply --server-side --force-conflicts --filename "$file" >/dev/null
  # Keys are read when the controller starts.
  k rollout restart "deployment/$controller" >/dev/null
  k rollout status "deployment/$controller" --timeout 2m >/dev/null
  echo "$(jq '.items | length' "$file") keys are restored; SealedSecrets are read again within a minute"
fi
