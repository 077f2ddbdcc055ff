#!/bin/sh
# chart.sh: checks the chart as Helm does, and that it packages. Its behaviour is tested by `make test`. Needs helm.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
helm lint --strict charts/app
helm package charts/app --version 0.0.0 --app-version 0.0.0 --destination "$folder"
