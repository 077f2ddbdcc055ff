#!/bin/sh
# secrets.sh: looks for passwords, keys and tokens in every commit that this branch adds (in CI for a merge request), or
# in the whole history. Needs gitleaks. What it finds is named by file and line, not shown.
set -eu
cd "$(dirname "$0")/.."
gitleaks git --redact --no-banner --log-opts="${CI_MERGE_REQUEST_DIFF_BASE_SHA:+$CI_MERGE_REQUEST_DIFF_BASE_SHA..}HEAD" .
