#!/bin/sh
# secrets.sh: looks for passwords, keys and tokens in each commit of a merge request, or else in the whole history. Names
# the file and line of each, and never shows it. Needs gitleaks.
set -eu
cd "$(dirname "$0")/.."
gitleaks git --redact --no-banner --verbose --log-opts="${CI_MERGE_REQUEST_DIFF_BASE_SHA:+$CI_MERGE_REQUEST_DIFF_BASE_SHA..}HEAD" .
