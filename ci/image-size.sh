#!/bin/sh
# image-size.sh IMAGE BASE LIMIT: prints the size that IMAGE adds to BASE, compressed as a registry would store it. Exits with
# status 1 if that is more than LIMIT megabytes.
set -eu
[ $# -eq 3 ] || { echo "usage: ci/image-size.sh IMAGE BASE LIMIT" >&2 && exit 2; }

# digests IMAGE: the ids of its layers, a line each
digests() { docker image inspect --format '{{range .RootFS.Layers}}{{println .}}{{end}}' "$1" | sed '/^$/d'; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
docker save "$1" | tar -x -C "$folder"
digests "$2" >"$folder/base"
digests "$1" >"$folder/all"
inherited=$(wc -l <"$folder/base")
# the layers' files in order, without those of the base, which come first
sed 's/.*"Layers":\[\([^]]*\)\].*/\1/; s/"//g' "$folder/manifest.json" | tr , '\n' | tail -n "+$((inherited + 1))" >"$folder/own"
total=0
while read -r layer; do
  size=$(gzip -c "$folder/$layer" | wc -c)
  total=$((total + size))
done <"$folder/own"
echo "$1 adds $((total / 100000 / 10)).$((total / 100000 % 10)) MB to $2, compressed (limit: $3 MB)"
[ "$total" -le "$(($3 * 1000000))" ]
