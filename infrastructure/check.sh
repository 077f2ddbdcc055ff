#!/bin/sh
# check.sh: format, validity, and tests of this folder's Terraform. It needs no account, and works in a copy, so that it
# leaves nothing behind here, a lock file above all.
set -eu
cd "$(dirname "$0")"
terraform=${TERRAFORM:-terraform}
command -v "$terraform" >/dev/null || {
  echo "$terraform: not installed; expected Terraform or OpenTofu 1.11 or newer" >&2
  exit 2
}

"$terraform" fmt -check -recursive -diff
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar -cf - --exclude .terraform --exclude 'terraform.tfstate*' --exclude backend_override.tf . | tar -xf - -C "$copy"
cd "$copy"
for root in . hcp; do
  "$terraform" -chdir="$root" init -backend=false -input=false >init.log || {
    cat init.log
    exit 1
  }
  "$terraform" -chdir="$root" validate
done
"$terraform" test
if command -v tflint >/dev/null; then
  tflint --recursive
else
  echo "tflint: not installed, so its rules are not checked"
fi
