#!/usr/bin/env bash
# promote.sh RANGE: changes the line of releases/$ENVIRONMENT/app.yml that decides what the environment runs, and says
# what that will do. It commits nothing.
set -euo pipefail
fail() { printf 'promote: %s\n' "$*" >&2 && exit 2; }

cd "$(dirname "$0")/.."
to=${1:-} file=releases/${ENVIRONMENT:-}/app.yml
[[ ${ENVIRONMENT:-} =~ ^[a-z0-9-]+$ && $ENVIRONMENT != base && -f $file ]] ||
  fail "ENV: ${ENVIRONMENT:-missing}; expected dev, staging or prod"
version='v?(0|[1-9][0-9]*|x)(\.(0|[1-9][0-9]*|x)){0,2}(-[0-9A-Za-z.-]+)?'
part="(\\^|~|=|!=|>|>=|<|<=)? ?$version"
[[ $to =~ ^$part((,|\ |\ \|\|)\ ?$part)*$ ]] ||
  fail "TO: ${to:-missing}; expected a range of versions such as ~1.1 or ^1.0, or one version such as 1.1.2"

line=$(grep -nE '^ +semver: ' "$file") || true # none is refused by the next line
[ "$(grep -c . <<<"$line")" = 1 ] || fail "$file: expected just one line with semver"
from=${line#*semver: } from=${from//\"/}
if [ "$from" = "$to" ]; then
  echo "$ENVIRONMENT: $to already; nothing to change"
  exit
fi
written="\"$to\""
# Without quotes YAML would take 1.1 for a number, and >= for the begin of a text.
[[ ! $to =~ ^[~^][0-9.]+$|^[0-9]+\.[0-9]+\.[0-9]+$ ]] || written=$to
sed -i.old "${line%%:*}s/semver: .*/semver: $written/" "$file"
rm "$file.old"

echo "$ENVIRONMENT: $from becomes $to"
git --no-pager diff --unified=0 -- "$file" | tail -n 2
ci/release-diff.sh || echo "what it will do cannot be said here"
echo "to have it: git commit --message 'chore: promote $ENVIRONMENT to $to' $file, and a merge request"
