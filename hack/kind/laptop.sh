#!/usr/bin/env bash
# laptop.sh run COMMAND…: runs the end-to-end test if no cluster is named. It creates a kind cluster, and beside it in
# Docker a registry and a Git server, unless they exist. It passes their addresses to the command, and keeps them afterwards.
# laptop.sh down: removes it.
#
# address                   on this machine                  in the cluster
# the registry              localhost:5001                   app-loop-registry:5000
# http://app-loop-git/      127.0.0.1:5002, by Git's config  the container of that name
# *.app-loop.localhost      127.0.0.1:5443                   the ingress controller, by CoreDNS's config
# The registry has two names, as Docker pushes by plain HTTP to localhost only, and in a pod that is the pod.
# It needs the internet, for images and charts. It has not run with a real kind cluster yet: its tests are in
# tests/kind/, with stand-ins for the programs that create a cluster.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=app-loop here=$PWD/hack/kind state=$PWD/var/loop
controller=nginx-ingress-controller.nginx-ingress.svc.cluster.local # as install_nginx_ingress names it

# needs: exits if something is missing, with a line for each
needs() {
  local missing=() program
  for program in docker kind kubectl helm kubeseal jq git curl openssl skopeo; do
    command -v "$program" >/dev/null || missing+=("the program $program")
  done
  command -v vegeta >/dev/null || command -v go >/dev/null || missing+=("the program vegeta, or go to build it")
  command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing+=("the program chromium, or google-chrome")
  if command -v docker >/dev/null; then
    docker version >/dev/null 2>&1 || missing+=("a Docker engine")
    docker buildx version >/dev/null 2>&1 || missing+=("Docker's plugin buildx")
  fi
  [ ${#missing[@]} = 0 ] || { printf 'missing: %s\n' "${missing[@]}" >&2 && exit 2; }
}

# container SUFFIX OPTIONS…: runs it in the cluster's network, under its name; an existing one is started
container() {
  local full=$name-$1
  shift
  if docker container inspect "$full" >/dev/null 2>&1; then
    docker start "$full" >/dev/null
  else
    docker run --detach --restart always --network kind --name "$full" --hostname "$full" "$@" >/dev/null
  fi
}

# cluster: the nodes, which find the registry by both of its names (kind.sigs.k8s.io/docs/user/local-registry)
cluster() {
  local registry folder
  if kind get clusters --quiet | grep -x "$name" >/dev/null; then
    docker start "$name-control-plane" >/dev/null
    kind export kubeconfig --quiet --name "$name" --kubeconfig "$KUBECONFIG"
  else
    kind create cluster --name "$name" --config "$here/kind.yaml" --kubeconfig "$KUBECONFIG"
  fi
  for _ in {1..90}; do
    ! kubectl get --raw /readyz >/dev/null 2>&1 || break
    sleep 1
  done
  kubectl wait --for condition=Ready nodes --all --timeout 3m >/dev/null
  for registry in "$REGISTRY" "$CLUSTER_REGISTRY"; do
    folder=/etc/containerd/certs.d/$registry
    docker exec "$name-control-plane" mkdir -p "$folder"
    printf '[host."http://%s"]\n' "$CLUSTER_REGISTRY" |
      docker exec --interactive "$name-control-plane" cp /dev/stdin "$folder/hosts.toml"
  done
}

# names: those of DOMAIN lead pods to the ingress controller
names() {
  local rule="rewrite stop name regex ^.*\.${DOMAIN//./\\.}\.\$ $controller answer auto" corefile
  corefile=$(kubectl --namespace kube-system get configmap coredns --output json)
  [[ $corefile != *"$controller"* ]] || return 0
  jq --arg rule "$rule" '.data.Corefile |= sub(":53 \\{"; ":53 {\n    \($rule)")' <<<"$corefile" |
    kubectl replace --filename - >/dev/null
  kubectl --namespace kube-system rollout restart deployment/coredns >/dev/null
}

# authority: the CA, Pebble, with a certificate that is created once
authority() {
  if ! kubectl --namespace pebble get secret pebble >/dev/null 2>&1; then
    kubectl create namespace pebble --dry-run=client --output yaml | kubectl apply --filename - >/dev/null
    .venv/bin/python -m trustme --quiet --dir "$state" --identities pebble.pebble.svc
    kubectl --namespace pebble create secret generic pebble --from-file "ca.crt=$state/client.pem" \
      --from-file "tls.crt=$state/server.pem" --from-file "tls.key=$state/server.key" >/dev/null
  fi
  kubectl --namespace pebble get secret pebble --output 'go-template={{index .data "ca.crt" | base64decode}}' >"$ACME_CA_BUNDLE"
  kubectl --namespace pebble apply --filename "$here/pebble.yaml" >/dev/null
  kubectl --namespace pebble rollout status deployment/pebble --timeout 3m >/dev/null
}

case ${1:-} in
run)
  shift
  export KUBECONFIG=$state/kubeconfig REGISTRY=localhost:5001 CLUSTER_REGISTRY=$name-registry:5000
  export PIPELINE="'$here/release.sh'" PIPELINE_WHOLE=false NEW_REPOSITORY="docker exec $name-git new-repository"
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=url.http://127.0.0.1:5002/.insteadOf GIT_CONFIG_VALUE_0=http://$name-git/
  export DOMAIN=$name.localhost INGRESS_ADDRESS=127.0.0.1:5443 NGINX_INGRESS_VALUES=$here/nginx-ingress.yaml
  export RECEIVER_ADDRESS=https://flux-dev.$DOMAIN:5443 # dev's address leads to all of Flux's receivers
  export ACME_SERVER=https://pebble.pebble.svc:14000/dir ACME_CA_BUNDLE=$state/acme.pem
  export ROOT_CERTIFICATE="kubectl get --raw /api/v1/namespaces/pebble/services/https:pebble:15000/proxy/roots/0"
  needs
  mkdir -p "$state" && chmod 700 "$state"
  echo "the kind cluster $name, with a registry, a Git server and an ACME authority: a few minutes the first time …"
  cluster
  docker build --quiet --tag "$name-git" "$here/git" >/dev/null
  container git --publish 127.0.0.1:5002:80 "$name-git"
  container registry --publish 127.0.0.1:5001:5000 registry:3.0.0
  names
  authority
  status=0
  "$@" || status=$?
  echo "the cluster $name is still there, for the next 'make test-e2e'; 'make kind-down' removes it"
  exit $status
  ;;
down)
  kind delete cluster --name "$name"
  for container in "$name-registry" "$name-git"; do
    ! docker container inspect "$container" >/dev/null 2>&1 || docker rm --force --volumes "$container" >/dev/null
  done
  rm -rf "$state"
  ;;
*) echo "usage: laptop.sh run COMMAND… | laptop.sh down" >&2 && exit 2 ;;
esac
