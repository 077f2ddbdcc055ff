#!/bin/sh
# release.sh: tags this commit of main as $VERSION, publishes its image and chart, and signs both. Each step may run again
# after a failure anywhere. Needs `make .venv/release.stamp`, docker, skopeo, helm and cosign.
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh
exit_without "${VERSION:-}"

ci/sign.sh --check
ci/tag.sh
ci/publish-image.sh
ci/publish-chart.sh
CHART_DIGEST=$(sed -n 's/^CHART_DIGEST=//p' chart.env) ci/sign.sh
