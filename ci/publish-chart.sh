#!/bin/sh
# publish-chart.sh: publishes the chart as oci://$CI_REGISTRY_IMAGE/charts/app:$VERSION, and writes CHART_DIGEST=sha256:…
# to chart.env. A second run changes nothing; where another chart has that name, it ends with status 1 and leaves
# it. A package is never the same bytes twice, because of its dates: so what is in it is compared.
# REGISTRY_INSECURE=true: the registry speaks plain HTTP (default: false).
set -eu
cd "$(dirname "$0")/.."
[ -n "${VERSION:-}" ] || { echo "nothing to release" && exit 0; }
chart=oci://$CI_REGISTRY_IMAGE/charts/app
plain=
[ "${REGISTRY_INSECURE:-false}" = false ] || plain=--plain-http
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

[ -z "${CI_REGISTRY_PASSWORD:-}" ] ||
  printf %s "$CI_REGISTRY_PASSWORD" | helm registry login --username "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY" $plain
mkdir "$folder/there" "$folder/here"
helm package charts/app --version "$VERSION" --app-version "$VERSION" --destination "$folder"
if helm pull "$chart" --version "$VERSION" --destination "$folder/there" $plain >"$folder/log" 2>&1; then
  tar -xzf "$folder/there/app-$VERSION.tgz" -C "$folder/there"
  tar -xzf "$folder/app-$VERSION.tgz" -C "$folder/here"
  diff -r "$folder/there/app" "$folder/here/app" ||
    { echo "$chart:$VERSION is there already, with other contents: it is left as it is" >&2 && exit 1; }
  echo "$chart:$VERSION is there already, with these contents"
elif grep -q "not found" "$folder/log"; then
  helm push "$folder/app-$VERSION.tgz" "${chart%/app}" $plain >"$folder/log" 2>&1 || { cat "$folder/log" >&2 && exit 1; }
  echo "published $chart:$VERSION"
else
  cat "$folder/log" >&2 && exit 1
fi
sed -n 's/^Digest: /CHART_DIGEST=/p' "$folder/log" | tee chart.env
