#!/usr/bin/env bash
# Writes the Secret app-mysql from Terraform's outputs, after it has restricted the privileges of its two users. Writes the
# database's port and address ranges for the network policies. Restarts the app if its pods started before the Secret.
. "$(dirname "$0")/lib.sh"
require_program python3
require_file TERRAFORM_OUTPUTS "a file with what \`terraform output -json\` prints"
DATABASE=$("$PROVISION/database_settings.py" "$TERRAFORM_OUTPUTS" 2>&1) || die "TERRAFORM_OUTPUTS: $DATABASE"
export DATABASE MYSQL_IMAGE
connect_cluster
create_namespace
namespaced() { kubectl --namespace "$NAMESPACE" "$@"; }

# restrict_privileges: run mysql-privileges.sh in the cluster. The Job owns the Secret with the administrator's password,
# so that Kubernetes deletes both if this script is killed.
restrict_privileges() {
  local conditions='' reason
  delete_privileges_job
  at_exit delete_privileges_job
  JOB_UID=$(render mysql-privileges.yaml | kubectl create --filename - --output 'jsonpath={.metadata.uid}')
  export JOB_UID
  render secret-app-mysql-admin.yaml | kubectl create --filename - >/dev/null
  log "setting the users' privileges, at most 150 s …"
  for _ in {1..180}; do
    conditions=$(namespaced get job app-mysql-privileges --output \
      'jsonpath={.status.conditions[?(@.status=="True")].type}') || conditions=
    [[ ! $conditions =~ Complete|Failed ]] || break
    sleep 1
  done
  namespaced logs --selector batch.kubernetes.io/job-name=app-mysql-privileges --tail -1 | sed "s/^/$JOB: /"
  [[ ! $conditions =~ Complete ]] || return 0
  reason=$(namespaced get job app-mysql-privileges --output 'jsonpath={.status.conditions[?(@.type=="Failed")].reason}')
  die "TERRAFORM_OUTPUTS: admin_database_url: login failed ($reason);" \
    "expected $(jq --raw-output '"\(.host):\(.port)"' <<<"$DATABASE") to accept it, by TLS of its CA"
}
delete_privileges_job() {
  namespaced delete job/app-mysql-privileges secret/app-mysql-admin --ignore-not-found >/dev/null
}

# restart_app: replace pods that started before the Secret was last written, as pods read it when they start
restart_app() {
  local written started
  written=$(namespaced get secret app-mysql --output 'jsonpath={.metadata.managedFields[?(@.manager=="provision")].time}')
  started=$(namespaced get pods --selector app.kubernetes.io/component=web --output \
    'jsonpath={range .items[*]}{.status.startTime}{"\n"}{end}' | sed '/^$/d' | sort | head -n 1)
  [[ -n $started && ! $started > $written ]] || return 0
  sleep 1 # the times are whole seconds: the new pods must not start in that in which the Secret was written
  log "restarting the app, at most 5 minutes …"
  namespaced rollout restart deployment/app >/dev/null
  namespaced rollout status deployment/app --timeout 5m >/dev/null
  log "the app uses the new values"
}

restrict_privileges
exists namespace flux-system || kubectl create namespace flux-system >/dev/null
render database-network.yaml | apply
apply_secret app-mysql
restart_app
