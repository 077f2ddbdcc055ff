#!/bin/sh
# install-uv.sh: installs the locked version of uv, for a job with only pip in its image, which is ten times slower.
set -eu
cd "$(dirname "$0")/.."
lock=$(mktemp)
trap 'rm -f "$lock"' EXIT
sed -n '/^uv==/,/[^\\]$/p' requirements-dev.lock >"$lock"
pip install --quiet --disable-pip-version-check --root-user-action ignore --no-cache-dir --require-hashes --requirement "$lock"
