#!/bin/sh
# publish-chart.sh: publishes the chart, which names its image by $IMAGE_DIGEST, as oci://$CI_REGISTRY_IMAGE/charts/app
# of $VERSION, and writes CHART_DIGEST=sha256:… to chart.env. A second run changes nothing; another chart of that version
# is left as it is, with exit status 1. Packages differ in their dates, so their contents are compared.
# REGISTRY_INSECURE=true: the registry speaks plain HTTP (default: false).
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh
chart=oci://$CI_REGISTRY_IMAGE/charts/app
plain=
[ "${REGISTRY_INSECURE:-false}" = false ] || plain=--plain-http
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

[ -z "${CI_REGISTRY_PASSWORD:-}" ] ||
  printf %s "$CI_REGISTRY_PASSWORD" | helm registry login --username "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY" $plain
mkdir "$folder/published" "$folder/here"
cp -R charts/app "$folder/app"
sed "s/^  digest: \"\"$/  digest: $IMAGE_DIGEST/" charts/app/values.yaml >"$folder/app/values.yaml"
grep -q "^  digest: $IMAGE_DIGEST$" "$folder/app/values.yaml" ||
  die "charts/app/values.yaml: no line 'digest: \"\"'; expected one, for the image's digest"
helm package "$folder/app" --version "$VERSION" --app-version "$VERSION" --destination "$folder"
if helm pull "$chart" --version "$VERSION" --destination "$folder/published" $plain >"$folder/log" 2>&1; then
  tar -xzf "$folder/published/app-$VERSION.tgz" -C "$folder/published"
  tar -xzf "$folder/app-$VERSION.tgz" -C "$folder/here"
  diff -r "$folder/published/app" "$folder/here/app" ||
    die "$chart:$VERSION: other contents; expected these, or no such chart. It is left as it is"
  echo "$chart:$VERSION exists already, with these contents"
elif grep -qE "not found|not known" "$folder/log"; then
  helm push "$folder/app-$VERSION.tgz" "${chart%/app}" $plain >"$folder/log" 2>&1 || { cat "$folder/log" >&2 && exit 1; }
  echo "published $chart:$VERSION"
else
  cat "$folder/log" >&2 && exit 1
fi
sed -n 's/^Digest: /CHART_DIGEST=/p' "$folder/log" | tee chart.env
