#!/bin/sh
# notify-flux.sh: notifies Flux of a new version, which it looks for every 20 s otherwise.
# FLUX_RECEIVERS: addresses of receivers (releases/README.md), separated by spaces (default: none is notified).
# RECEIVER_TOKEN: the secret that the receivers share with this pipeline; without it FLUX_ID_TOKEN, GitLab's ID token.
set -eu
cd "$(dirname "$0")/.."
. ci/lib-release.sh
exit_without "${VERSION:-}"
[ -n "${FLUX_RECEIVERS:-}" ] || { echo "FLUX_RECEIVERS is not set: Flux finds $VERSION by itself, within 20 s" && exit 0; }

if [ -n "${RECEIVER_TOKEN:-}" ]; then
  # Not by openssl, which few images have.
  signature=$(python3 -c '
import hmac, os
print(hmac.new(os.environb[b"RECEIVER_TOKEN"], os.environb[b"VERSION"], "sha256").hexdigest())')
  header="X-Signature: sha256=$signature"
else
  [ -n "${FLUX_ID_TOKEN:-}" ] || die "RECEIVER_TOKEN: missing; expected it, or FLUX_ID_TOKEN from the job's id_tokens" 2
  header="Authorization: Bearer $FLUX_ID_TOKEN"
fi
status=0
for receiver in $FLUX_RECEIVERS; do
  if echo "$header" | curl --fail --silent --show-error --max-time 10 --header @- --data "$VERSION" "$receiver"; then
    echo "notified $receiver of $VERSION"
  else
    echo "$receiver: not notified; expected status 200. Flux finds $VERSION by itself, within 20 s" >&2
    status=1
  fi
done
exit $status
