#!/bin/sh
# release-diff.sh [COMMIT]: prints the effect of changes under releases/ since COMMIT (default: HEAD, so uncommitted ones)
# on each environment: its version before and after, the commits and migrations between, and the rendered difference.
# In a merge request's pipeline also to build/release-diff.md, and as one comment of the merge request, updated each time.
# REGISTRY: the image's repository (default: CI_REGISTRY_IMAGE). DOMAIN: of the environments (default: example.com).
# REGISTRY_INSECURE=true: it speaks plain HTTP (default: false). RELEASE_DIFF_TOKEN: an access token with the scope api
# (default: no comment). Needs git, helm, kubectl and jq, and curl for the comment; no cluster.
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh
commit=${1:-HEAD}
registry=${REGISTRY:-${CI_REGISTRY_IMAGE:-}}
[ -n "$registry" ] || die "REGISTRY: missing; expected the image's repository, as in registry.example.com/group/app" 2
for program in git helm kubectl jq; do
  command -v "$program" >/dev/null || die "$program: not found; expected on the PATH" 2
done
for file in releases/*/app.yml; do
  number=$(sed -nE 's/^ *semver: *([0-9]+(\.[0-9]+)?) *(#.*)?$/\1/p' "$file")
  [ -z "$number" ] || die "$file: semver: $number is a number in YAML, where 1.10 equals 1.1; expected quotes: semver: \"$number\"" 2
done
if [ "${CI_MERGE_REQUEST_PROJECT_PATH:-}" != "${CI_MERGE_REQUEST_PROJECT_PATH:+${CI_PROJECT_PATH:-}}" ]; then
  echo "a fork cannot read this project's registry: a member of the project can run this pipeline there, by 'Run pipeline' of the merge request"
  exit 0
fi
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

# selected RANGE: prints the newest published version in it, if any. Helm and Flux read a range by the same library.
selected() {
  if [ -z "$1" ]; then return; fi
  if helm show chart "oci://$registry/charts/app" --version "$1" $plain >"$folder/chart" 2>"$folder/log"; then
    sed -n 's/^version: //p' "$folder/chart"
  elif ! grep -qiE 'not found|could not locate a version|not known|name unknown' "$folder/log"; then
    cat "$folder/log" >&2 && exit 1
  fi
}

# render TREE ENVIRONMENT VERSION: prints the objects that a version creates there, without its number
render() {
  kubectl kustomize "$1/releases/$2" >"$folder/release.yaml"
  sed -i "s|\${REGISTRY}|$registry|g; s|\${DOMAIN}|${DOMAIN:-example.com}|g; s|\${[A-Z_]*:=\([^}]*\)}|\1|g" "$folder/release.yaml"
  # kubectl converts YAML to JSON without a cluster in this way only
  kubectl annotate --local --filename "$folder/release.yaml" --output json diff=true >"$folder/release.json"
  jq 'select(.kind == "HelmRelease").spec.values' "$folder/release.json" >"$folder/values.json"
  helm template app "oci://$registry/charts/app" --version "$3" --namespace "app-$2" --values "$folder/values.json" $plain \
    >"$folder/objects.yaml" 2>"$folder/log" || { cat "$folder/log" >&2 && exit 1; }
  sed "s/$(echo "$3" | sed 's/\./\\./g')/VERSION/g" "$folder/objects.yaml"
}

# block TITLE COMMAND…: prints the command's output, or "none". Indented by four in a block of code, a commit's subject
# is neither Markdown nor one of GitLab's quick actions.
block() {
  printf '\n%s\n\n~~~~\n' "$1"
  shift
  status=0
  "$@" >"$folder/lines" || status=$?
  [ "$status" -le 1 ] || exit "$status" # diff exits with 1 if there are differences
  sed 's/^/    /' "$folder/lines" | grep . || echo "    none"
  printf '~~~~\n'
}

environments=$(for file in releases/*/app.yml; do basename "$(dirname "$file")"; done | grep -v '^base$')

# unchanged PATH: whether it is the same before and after
unchanged() { diff -rq "$folder/before/$1" "$1" >/dev/null 2>&1; }

report() {
  echo "## What this changes in each environment"
  newest=$(selected '>=0')
  if [ -z "$newest" ]; then
    printf '\nNothing is published yet: an environment gets the first version that its range allows.\n'
    return
  fi
  for environment in $environments; do
    if unchanged releases/base && unchanged "releases/$environment"; then
      printf '\n### %s: unchanged\n' "$environment"
      continue
    fi
    old_range=$(range "$folder/before/releases/$environment/app.yml")
    new_range=$(range "releases/$environment/app.yml")
    old=$(selected "$old_range")
    new=$(selected "$new_range")
    printf '\n### %s: range %s becomes %s, version %s becomes %s\n' \
      "$environment" "${old_range:-none}" "${new_range:-none}" "${old:-none}" "${new:-none}"
    if [ -z "$new" ]; then
      printf '\nNo published version fits: Flux leaves the running one, and waits for one that does.\n'
      continue
    fi
    if [ -z "$old" ]; then continue; fi
    if [ "$old" != "$new" ]; then
      block "Commits that come:" git log --no-merges --format='%s' "v$old..v$new"
      block "Commits that go:" git log --no-merges --format='%s' "v$new..v$old"
      block "Migrations that will run:" git diff --name-only --diff-filter=A "v$old" "v$new" -- migrations/versions
    fi
    render "$folder/before" "$environment" "$old" >"$folder/old.yaml"
    render . "$environment" "$new" >"$folder/new.yaml"
    block "Rendered difference, without the version's number:" \
      diff -u -L "before ($old)" -L "after ($new)" "$folder/old.yaml" "$folder/new.yaml"
  done
}

# api METHOD PATH [FILE]: calls GitLab's API about this merge request, with the file as the body
api() {
  status=$(curl --silent --show-error --max-time 30 --request "$1" --header @"$folder/header" --header "Content-Type: application/json" \
    ${3:+--data-binary "@$3"} --output "$folder/answer" --write-out '%{http_code}' \
    "$CI_API_V4_URL/projects/${CI_MERGE_REQUEST_PROJECT_ID:-$CI_PROJECT_ID}/merge_requests/$CI_MERGE_REQUEST_IID/$2")
  case $status in
  2*) ;;
  *) die "RELEASE_DIFF_TOKEN: GitLab answered $status; expected a token of this project with the scope api, which may comment" ;;
  esac
}

# comment FILE: makes it the merge request's comment, which a mark in its first line finds again
comment() {
  mark="<!-- release-diff -->"
  (umask 077 && echo "PRIVATE-TOKEN: $RELEASE_DIFF_TOKEN" >"$folder/header")
  { echo "$mark" && head -c 100000 "$1"; } >"$folder/body"
  [ "$(wc -c <"$1")" -le 100000 ] || printf '\n~~~~\n\nCut here: the artifact of the job has all of it.\n' >>"$folder/body"
  jq --null-input --rawfile body "$folder/body" '{$body}' >"$folder/note.json"
  page=1 id=
  while [ -z "$id" ]; do
    api GET "notes?per_page=100&page=$page"
    [ "$(jq length "$folder/answer")" != 0 ] || break
    id=$(jq --arg mark "$mark" 'map(select(.body | startswith($mark)))[0].id // empty' "$folder/answer")
    page=$((page + 1))
  done
  if [ -n "$id" ]; then api PUT "notes/$id" "$folder/note.json"; else api POST notes "$folder/note.json"; fi
  echo "the merge request's comment is up to date"
}

report >"$folder/report.md"
cat "$folder/report.md"
if [ -n "${CI_MERGE_REQUEST_IID:-}" ]; then
  mkdir -p build
  cp "$folder/report.md" build/release-diff.md
  if [ -n "${RELEASE_DIFF_TOKEN:-}" ]; then
    comment build/release-diff.md
  else
    echo "RELEASE_DIFF_TOKEN is not set: no comment; the artifact build/release-diff.md has this, too"
  fi
fi
