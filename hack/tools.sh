#!/bin/sh
# tools.sh: installs the programs of mise.toml with mise (https://mise.jdx.dev). Without mise: lists the missing ones with
# a way to get each, and exits with status 1 if there are any.
set -eu
cd "$(dirname "$0")/.."

if command -v mise >/dev/null; then
  mise trust --quiet mise.toml
  mise install --yes
  echo "installed; they are on the PATH after 'eval \"\$(mise activate bash)\"' (or zsh), or within 'mise exec -- make …'"
  exit
fi

# how_to_get PROGRAM
how_to_get() {
  if [ "$(uname -s)" = Darwin ]; then
    case $1 in
    docker) echo "Docker Desktop, or: brew install colima docker docker-buildx docker-compose" ;;
    terraform) echo "brew install hashicorp/tap/terraform" ;;
    kubectl) echo "brew install kubernetes-cli" ;;
    *) echo "brew install $1" ;;
    esac
    return
  fi
  case $1 in
  docker) echo "https://docs.docker.com/engine/install/" ;;
  helm) echo "https://helm.sh/docs/intro/install/" ;;
  kind) echo "https://kind.sigs.k8s.io/docs/user/quick-start/#installation" ;;
  kubectl) echo "https://kubernetes.io/docs/tasks/tools/install-kubectl-linux/" ;;
  kubeseal) echo "https://github.com/bitnami-labs/sealed-secrets#kubeseal" ;;
  terraform) echo "https://developer.hashicorp.com/terraform/install" ;;
  *) echo "your distribution's package, such as: sudo apt install $1" ;;
  esac
}

missing=0
# `NAME = "VERSION"` of mise.toml; Docker has no pinned version
for tool in $(sed -n 's/^\([a-z]*\) = "\([^"]*\)".*/\1@\2/p' mise.toml) docker@any; do
  program=${tool%@*} version=${tool#*@}
  if command -v "$program" >/dev/null; then
    printf '%-10s found, %s\n' "$program" "$(command -v "$program")"
  else
    missing=1
    printf '%-10s missing, version %s: %s\n' "$program" "$version" "$(how_to_get "$program")"
  fi
done
[ "$missing" = 0 ] || {
  echo "tools: some are missing; expected all, or mise, which installs them in these versions: https://mise.jdx.dev" >&2
  exit 1
}
