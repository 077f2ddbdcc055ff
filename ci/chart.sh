#!/bin/sh
# chart.sh: lints and packages the chart with Helm. `make test` tests its behaviour. Needs helm.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
helm lint --strict charts/app
helm package charts/app --version 0.0.0 --app-version 0.0.0 --destination "$folder"
