#!/bin/sh
# notify-flux.sh: tells Flux that there is a new version, so that it looks at once; else it looks every 20 s.
# FLUX_RECEIVERS: addresses of receivers (releases/README.md), separated by spaces; without any, nobody is told.
# FLUX_ID_TOKEN: who asks, as GitLab says; or RECEIVER_TOKEN: what the receivers share with this pipeline.
set -eu
[ -n "${VERSION:-}" ] || { echo "nothing to release" && exit 0; }
[ -n "${FLUX_RECEIVERS:-}" ] || { echo "FLUX_RECEIVERS is not set: Flux finds $VERSION by itself, within 20 s" && exit 0; }

if [ -n "${RECEIVER_TOKEN:-}" ]; then
  proof="X-Signature: sha256=$(printf %s "$VERSION" | openssl dgst -sha256 -hmac "$RECEIVER_TOKEN" | sed 's/.*= //')"
else
  proof="Authorization: Bearer $FLUX_ID_TOKEN"
fi
for receiver in $FLUX_RECEIVERS; do
  echo "$proof" | curl --fail --silent --show-error --max-time 10 --header @- --data "$VERSION" "$receiver"
  echo "told $receiver of $VERSION"
done
