#!/bin/sh
# last-release.sh: prints the tag of the last release in the history of this commit, as v1.2.3; nothing before the first.
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh

fetch_tags
release_tags --merged HEAD | tail -n 1
