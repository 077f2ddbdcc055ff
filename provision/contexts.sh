# shellcheck shell=bash
# Contexts of a kubeconfig, for the scripts that source this.

# context_of ENVIRONMENT: prints the context of its cluster: app-ENVIRONMENT, do-REGION-app-ENVIRONMENT as `doctl` and
# DigitalOcean's kubeconfig name it, or else the current one. Prints nothing if there is none, or more than one of these.
context_of() {
  local found
  found=$(kubectl config get-contexts --output name 2>/dev/null | grep -xE "(do-[a-z0-9]+-)?app-$1") ||
    found=$(kubectl config current-context 2>/dev/null) || found=
  case $found in *$'\n'*) ;; *) printf '%s' "$found" ;; esac
}
