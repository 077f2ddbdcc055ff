#!/bin/sh
# install-uv.sh: installs uv, in the version that is locked, for a job whose image has only pip. It installs the other packages in
# a tenth of pip's time.
set -eu
cd "$(dirname "$0")/.."
lock=$(mktemp)
trap 'rm -f "$lock"' EXIT
sed -n '/^uv==/,/[^\\]$/p' requirements-dev.lock >"$lock"
pip install --quiet --disable-pip-version-check --root-user-action ignore --no-cache-dir --require-hashes --requirement "$lock"
