#!/bin/sh
# install-k8s-tools.sh FOLDER: copies helm, kubectl and kubeseal into the folder, from the image alpine/k8s that
# .gitlab-ci.yml names. A job uses it if its own image has none of them. Needs docker.
set -eu
[ $# -eq 1 ] || { echo "usage: ci/install-k8s-tools.sh FOLDER" >&2 && exit 2; }
image=$(sed -n 's/^ *image: \(alpine\/k8s:[^ ]*\).*/\1/p' "$(dirname "$0")/../.gitlab-ci.yml" | head -n 1)
container=$(docker create "$image")
for program in helm kubectl kubeseal; do
  docker cp "$container:/usr/bin/$program" "$1/$program"
done
docker rm "$container" >/dev/null
