#!/bin/sh
# release-diff.sh [COMMIT]: says what the changes under releases/ since COMMIT (default: HEAD, so those that are not
# committed yet) will do: for each environment the version that its range selects from what is published, before and
# after, what that brings or takes back, the migrations that will run, and how the cluster's objects differ.
# REGISTRY: the image's repository (default: CI_REGISTRY_IMAGE). DOMAIN: of the environments (default: example.com).
# REGISTRY_INSECURE=true: it speaks plain HTTP (default: false). Needs git, helm, kubectl and jq; no cluster.
set -eu
cd "$(dirname "$0")/.."
commit=${1:-HEAD}
registry=${REGISTRY:-${CI_REGISTRY_IMAGE:-}}
[ -n "$registry" ] || { echo "REGISTRY: missing; expected the image's repository, as in registry.example.com/group/app" >&2 && exit 2; }
for program in git helm kubectl jq; do
  command -v "$program" >/dev/null || { echo "$program: not found; expected on the PATH" >&2 && exit 2; }
done
plain=
[ "${REGISTRY_INSECURE:-false}" = false ] || plain=--plain-http
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/before"
git archive "$commit" | tar -x -C "$folder/before"
if [ -n "${CI_REGISTRY_PASSWORD:-}" ]; then
  printf %s "$CI_REGISTRY_PASSWORD" |
    helm registry login --username "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY" $plain >/dev/null 2>&1
fi
git fetch --quiet --tags origin

# range FILE: prints the range of versions in it
range() { [ ! -f "$1" ] || sed -n 's/^ *semver: *//p' "$1" | tr -d "\"'"; }

# selected RANGE: prints the newest published version in it; nothing where there is none. Helm and Flux read a range by
# the same library.
selected() {
  if [ -z "$1" ]; then return; fi
  if helm show chart "oci://$registry/charts/app" --version "$1" $plain >"$folder/chart" 2>"$folder/log"; then
    sed -n 's/^version: //p' "$folder/chart"
  elif ! grep -qiE 'not found|could not locate a version' "$folder/log"; then
    cat "$folder/log" >&2 && exit 1
  fi
}

# render TREE ENVIRONMENT VERSION: prints the objects that a version makes there, without its number
render() {
  kubectl kustomize "$1/releases/$2" >"$folder/release.yaml"
  sed -i "s|\${REGISTRY}|$registry|g; s|\${DOMAIN}|${DOMAIN:-example.com}|g; s|\${[A-Z_]*:=\([^}]*\)}|\1|g" "$folder/release.yaml"
  # the way to have kubectl print as JSON what no cluster has been asked about
  kubectl annotate --local --filename "$folder/release.yaml" --output json preview=true >"$folder/release.json"
  jq 'select(.kind == "HelmRelease").spec.values' "$folder/release.json" >"$folder/values.json"
  helm template app "oci://$registry/charts/app" --version "$3" --namespace "app-$2" --values "$folder/values.json" $plain \
    >"$folder/objects.yaml" 2>"$folder/log" || { cat "$folder/log" >&2 && exit 1; }
  sed "s/$(echo "$3" | sed 's/\./\\./g')/VERSION/g" "$folder/objects.yaml"
}

# lines COMMAND…: its lines indented, or "none"
lines() {
  status=0
  "$@" >"$folder/lines" || status=$?
  [ "$status" -le 1 ] || exit "$status" # 1 is what diff ends with where there are any
  sed 's/^/  /' "$folder/lines" | grep . || echo "  none"
}

changed=$(for file in releases/*/app.yml; do
  environment=$(basename "$(dirname "$file")")
  [ "$environment" = base ] ||
    diff -rq "$folder/before/releases/$environment" "releases/$environment" >/dev/null 2>&1 || echo "$environment"
done)
diff -rq "$folder/before/releases/base" releases/base >/dev/null 2>&1 ||
  changed=$(for file in releases/*/app.yml; do basename "$(dirname "$file")"; done | grep -v '^base$')
[ -n "$changed" ] || echo "no environment is changed"

for environment in $changed; do
  old_range=$(range "$folder/before/releases/$environment/app.yml")
  new_range=$(range "releases/$environment/app.yml")
  old=$(selected "$old_range")
  new=$(selected "$new_range")
  echo "$environment: range ${old_range:-none} becomes ${new_range:-none}, version ${old:-none} becomes ${new:-none}"
  if [ -z "$new" ]; then
    echo "  no published version fits: Flux leaves what runs, and waits for one"
    continue
  fi
  if [ -z "$old" ]; then continue; fi
  if [ "$old" != "$new" ]; then
    echo "  what it brings:" && lines git log --no-merges --format='%s' "v$old..v$new"
    echo "  what it takes back:" && lines git log --no-merges --format='%s' "v$new..v$old"
    echo "  migrations that will run:" && lines git diff --name-only --diff-filter=A "v$old" "v$new" -- migrations/versions
  fi
  render "$folder/before" "$environment" "$old" >"$folder/old.yaml"
  render . "$environment" "$new" >"$folder/new.yaml"
  echo "  how the objects differ, but for the version's number:"
  lines diff -u -L "before ($old)" -L "after ($new)" "$folder/old.yaml" "$folder/new.yaml"
done
