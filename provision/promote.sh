#!/usr/bin/env bash
# promote.sh RANGE: changes the line of releases/$ENVIRONMENT/app.yml that selects the environment's release, and prints
# the effect of this change. It commits nothing.
. "$(dirname "$0")/bash.sh"
cd "$(dirname "$0")/.."
to=${1:-} file=releases/${ENVIRONMENT:-}/app.yml
[[ ${ENVIRONMENT:-} =~ ^[a-z0-9-]+$ && $ENVIRONMENT != base && -f $file ]] ||
  die "ENV: ${ENVIRONMENT:-missing}; expected dev, staging or prod"
version='v?(0|[1-9][0-9]*|x)(\.(0|[1-9][0-9]*|x)){0,2}(-[0-9A-Za-z.-]+)?'
part="(\\^|~|=|!=|>|>=|<|<=)? ?$version"
[[ $to =~ ^$part((,|\ |\ \|\|)\ ?$part)*$ ]] ||
  die "TO: ${to:-missing}; expected a range of versions such as ~1.1 or ^1.0, or one version such as 1.1.2"

line=$(grep -nE '^ +semver: ' "$file") || true # grep fails if it finds no line; the next check rejects that by name
[ "$(grep -c . <<<"$line")" = 1 ] || die "$file: expected just one line with semver"
from=${line#*semver: } from=${from//\"/}
if [ "$from" = "$to" ]; then
  echo "$ENVIRONMENT: $to already; nothing to change"
  exit
fi
written="\"$to\""
# Without quotes YAML would take 1.1 for a number, and >= for the beginning of a text.
[[ ! $to =~ ^[~^][0-9.]+$|^[0-9]+\.[0-9]+\.[0-9]+$ ]] || written=$to
sed -i.old "${line%%:*}s/semver: .*/semver: $written/" "$file"
rm "$file.old"

echo "$ENVIRONMENT: $from becomes $to"
git --no-pager diff --unified=0 -- "$file" | tail -n 2
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
if ! ci/release-diff.sh 2>"$errors"; then
  if range=$(grep -m 1 -E '^fatal: (ambiguous argument|bad revision)' "$errors"); then
    tags=$(grep -oE 'v[0-9]+\.[0-9]+\.[0-9]+' <<<"$range" | sort -u | while read -r tag; do
      git rev-parse --quiet --verify "refs/tags/$tag" >/dev/null || printf '%s ' "$tag"
    done)
    echo "git: tags missing in this clone: ${tags% }; expected after \`git fetch --tags\` from where they are published" >&2
  elif reason=$(grep -m 1 '^fatal: ' "$errors"); then
    echo "git: ${reason#fatal: }; expected a remote origin with the tags of the published versions" >&2
  else
    cat "$errors" >&2
  fi
  echo "preview: not available"
fi
echo "to have it: git commit --message 'chore: promote $ENVIRONMENT to $to' $file, and a merge request"
