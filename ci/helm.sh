#!/bin/sh
# helm.sh FOLDER: puts Helm there, out of the image that the chart's jobs run in, for a job whose image has none. Needs
# docker.
set -eu
[ $# -eq 1 ] || { echo "usage: ci/helm.sh FOLDER" >&2 && exit 2; }
image=$(sed -n 's/^ *name: \(alpine\/helm:[^ ]*\).*/\1/p' "$(dirname "$0")/../.gitlab-ci.yml" | head -n 1)
container=$(docker create "$image")
docker cp "$container:/usr/bin/helm" "$1/helm"
docker rm "$container" >/dev/null
