#!/bin/sh
# scan.sh: looks up the contents of the candidate $IMAGE_DIGEST in the database of known vulnerabilities. Exits with
# status 2 for one of high or critical severity that has a fix, unless ci/vulnerability-exceptions.txt excepts it. Needs
# grype, which supports exceptions and reasons, but no end dates: an expired exception is not passed to it.
# REGISTRY_INSECURE=true: the registry speaks plain HTTP (default: false).
# SCAN_WITHOUT_DATABASE=allowed: pass if the database cannot be downloaded (default: fail).
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh
exit_without "${IMAGE_DIGEST:-}"

PATH=$PATH:/ # the image has the program there
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
rules=$folder/grype.yaml
today=$(date -u +%Y%m%d)
echo "ignore:" >"$rules"
while read -r id end reason; do
  case $id in '' | '#'*) continue ;; esac
  echo "$id $end $reason" | grep -qE '^(CVE|GHSA)-[0-9A-Za-z-]+ 20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]) [^"\\]+$' ||
    die "ci/vulnerability-exceptions.txt: $id $end $reason; expected ID YYYY-MM-DD REASON, without quotes" 2
  if [ "$(echo "$end" | tr -d -)" -lt "$today" ]; then
    echo "$id: its exception ended on $end" >&2
  else
    echo "$id: excepted until $end: $reason"
    printf '  - vulnerability: %s\n    include-aliases: true\n    reason: "until %s: %s"\n' "$id" "$end" "$reason" >>"$rules"
  fi
done <ci/vulnerability-exceptions.txt
grep -q vulnerability "$rules" || echo "ignore: []" >"$rules"

export GRYPE_CHECK_FOR_APP_UPDATE=false GRYPE_REGISTRY_INSECURE_USE_HTTP="${REGISTRY_INSECURE:-false}"
export GRYPE_REGISTRY_AUTH_AUTHORITY="$CI_REGISTRY" GRYPE_REGISTRY_AUTH_USERNAME="${CI_REGISTRY_USER:-}"
export GRYPE_REGISTRY_AUTH_PASSWORD="${CI_REGISTRY_PASSWORD:-}"
if ! grype db update; then
  echo "the database of vulnerabilities could not be downloaded: nothing was scanned" >&2
  [ "${SCAN_WITHOUT_DATABASE:-}" = allowed ] || exit 1
  echo "SCAN_WITHOUT_DATABASE allows it" >&2
  exit 0
fi
grype "registry:$CI_REGISTRY_IMAGE@$IMAGE_DIGEST" --config "$rules" --only-fixed --fail-on high
