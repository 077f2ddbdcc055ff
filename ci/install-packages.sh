#!/bin/sh
# install-packages.sh PACKAGE…: installs the Debian packages that are missing in a job's image.
set -eu
missing=
for package; do
  dpkg --status "$package" 2>/dev/null | grep -q "^Status: install ok" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "installing$missing …"
apt-get update -qq
# shellcheck disable=SC2086  # a list
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
