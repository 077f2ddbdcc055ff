#!/usr/bin/env bash
# triggered.sh FILE: says whether the notification that started this pipeline is a reason to provision ENVIRONMENT, and
# writes PROVISION=true or PROVISION=false, with ENVIRONMENT, to FILE in the dotenv format.
# TRIGGER_PAYLOAD is the file into which GitLab puts what it was sent. GitLab does not check who sent it, and the token
# in the trigger's address is all that a sender needs. So nothing in it is believed but the number of a run, and HCP
# Terraform itself is asked about that: for the settings see hcp.sh.
# Exit status: 0 provision, or nothing to do; 2 refused; 1 where HCP Terraform gave no answer.
# shellcheck source=provision/hcp.sh
. "$(dirname "${BASH_SOURCE[0]}")/hcp.sh"
set -euo pipefail
shopt -s inherit_errexit # what fails within $(…) ends it there

MOST=65536 # bytes; a notification has less than a thousand

# answer true|false REASON: ends it
answer() {
  printf 'PROVISION=%s\nENVIRONMENT=%s\n' "$1" "$ENVIRONMENT" >"$file"
  say "$2"
  exit 0
}

# told FILTER: what the payload says, in one line whatever that is
told() { jq --compact-output "$1" <<<"$payload" | cut -c 1-100; }

[ $# -eq 1 ] || refuse "usage: provision/triggered.sh FILE"
file=$1
the_environment

# --- what was sent

[ -r "${TRIGGER_PAYLOAD:-}" ] ||
  refuse "TRIGGER_PAYLOAD: \"${TRIGGER_PAYLOAD:-}\" cannot be read; expected the file that GitLab writes for a trigger"
size=$(wc -c <"$TRIGGER_PAYLOAD")
[ "$size" -le $MOST ] || refuse "TRIGGER_PAYLOAD: $((size)) bytes; expected at most $MOST"
payload=$(jq --slurp '
  if length == 1 and (.[0] | type == "object" and (.notifications | type == "array" and all(type == "object")))
  then .[0] else error end' "$TRIGGER_PAYLOAD" 2>/dev/null) ||
  refuse "TRIGGER_PAYLOAD: no notification of HCP Terraform; expected a JSON object with a list of notifications"

if [ "$(told '.run_id == null and any(.notifications[]; .trigger == "verification")')" = true ]; then
  answer false "a verification of the notification: nothing to do"
fi
hcp_settings # after it: while the notification is being set up, they may not be there yet
expected=app-$ENVIRONMENT
[ "$(told .organization_name)" = "\"$TF_CLOUD_ORGANIZATION\"" ] ||
  refuse "organization_name: $(told .organization_name); expected \"$TF_CLOUD_ORGANIZATION\""
[ "$(told .workspace_name)" = "\"$expected\"" ] ||
  refuse "workspace_name: $(told .workspace_name); expected \"$expected\""
run=$(told .run_id)
[[ $run =~ ^\"(run-[A-Za-z0-9]+)\"$ ]] || refuse "run_id: $run; expected the number of a run, \"run-…\""
run=${BASH_REMATCH[1]}
if [ "$(told 'any(.notifications[]; .run_status == "applied")')" = false ]; then
  answer false "$run is $(told '.notifications[0].run_status'), not applied: nothing to do"
fi

# --- what is so

truth=$(hcp_get "runs/$run")
workspace=$(hcp_get "organizations/$TF_CLOUD_ORGANIZATION/workspaces/$expected" | jq --raw-output .data.id)
status=$(jq --raw-output .data.attributes.status <<<"$truth")
of=$(jq --raw-output .data.relationships.workspace.data.id <<<"$truth")
[ "$of" = "$workspace" ] || refuse "$run: a run of the workspace $of; expected one of $workspace, which is $expected"
[ "$status" = applied ] || refuse "$run: HCP Terraform says $status; expected applied"

# An old notification that is sent again must not start anything: what it tells of is not what there is.
newest_applied="runs?filter%5Bstatus%5D=applied&page%5Bsize%5D=1"
newest=$(hcp_get "workspaces/$workspace/$newest_applied" | jq --raw-output '.data[0].id')
[ "$newest" = "$run" ] || refuse "$run: not the newest; expected $newest, which was applied after it"
if [ "$(jq '.data.attributes["is-destroy"]' <<<"$truth")" = true ]; then
  answer false "$run removed $expected: nothing to do"
fi
answer true "$run was applied to $expected: provisioning $ENVIRONMENT"
