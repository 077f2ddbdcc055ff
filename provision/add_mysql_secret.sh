#!/usr/bin/env bash
# Writes the Secret app-mysql of Terraform's outputs, after it has seen to the privileges of the two users in it: DML
# for the app, and what migrations need for the other. Where the Secret changed, the app is rolled, as pods read it when
# they start.
. "$(dirname "$0")/job.sh"

url_form="mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE, each part URL-encoded"
# url NAME: prints one of the outputs, which must have that form
url() {
  local value
  value=$(output "$1" "$url_form")
  [[ $value =~ ^mysql\+pymysql://[^:@/?]+:[^:@/?]+@[^:@/?]+:[0-9]+/[A-Za-z0-9]+$ ]] ||
    fail "TERRAFORM_OUTPUTS: $1 is of another form; expected $url_form"
  printf '%s' "$value"
}
# part N URL: prints a part of it, decoded: 1 user, 2 password, 3 host, 4 port, 5 database
part() {
  local text=${2#*://} decoded
  IFS=:@/ read -ra parts <<<"$text"
  decoded=${parts[$1 - 1]//\\/\\\\}
  printf '%b' "${decoded//%/\\x}"
}
# user URL: prints its user, whose name goes into statements
user() {
  local name
  name=$(part 1 "$1")
  [[ $name =~ ^[A-Za-z0-9_.-]{1,32}$ ]] ||
    fail "TERRAFORM_OUTPUTS: the user's name has other characters; expected A-Z a-z 0-9 _ . -"
  printf '%s' "$name"
}

APP_URL=$(url database_url)
MIGRATIONS_URL=$(url migrations_database_url)
ADMIN_URL=$(url admin_database_url)
CA=$(output database_ca "the PEM certificate of the database's authority")
[[ $CA == *"BEGIN CERTIFICATE"* ]] ||
  fail "TERRAFORM_OUTPUTS: database_ca is no PEM certificate; expected -----BEGIN CERTIFICATE-----"
APP_USER=$(user "$APP_URL")
MIGRATIONS_USER=$(user "$MIGRATIONS_URL")
ADMIN_USER=$(part 1 "$ADMIN_URL") ADMIN_PASSWORD=$(part 2 "$ADMIN_URL")
HOST=$(part 3 "$ADMIN_URL") PORT=$(part 4 "$ADMIN_URL") DATABASE=$(part 5 "$APP_URL")
export NAMESPACE MYSQL_IMAGE APP_URL MIGRATIONS_URL CA
export HOST PORT DATABASE ADMIN_USER ADMIN_PASSWORD APP_USER MIGRATIONS_USER

cluster
namespace

# The privileges, before anything uses them. The database is reached from the cluster only, hence a Job; it is there no
# longer than it runs, nor is the administrator's password.
remove() {
  kubectl --namespace "$NAMESPACE" delete job/app-mysql-privileges secret/app-mysql-admin --ignore-not-found >/dev/null
}
remove
at_exit remove
jq --null-input '{
  apiVersion: "v1",
  kind: "Secret",
  metadata: {name: "app-mysql-admin", namespace: $ENV.NAMESPACE},
  stringData: {MYSQL_PWD: $ENV.ADMIN_PASSWORD, "ca.crt": $ENV.CA}
}' | kubectl create --filename - >/dev/null
jq --null-input --rawfile privileges "$PROVISION/mysql-privileges.sh" '{
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: {name: "app-mysql-privileges", namespace: $ENV.NAMESPACE},
  spec: {
    backoffLimit: 1,
    activeDeadlineSeconds: 150,
    template: {spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      imagePullSecrets: [{name: "app-registry"}],
      securityContext: {runAsNonRoot: true, runAsUser: 999, seccompProfile: {type: "RuntimeDefault"}},
      containers: [{
        name: "mysql",
        image: $ENV.MYSQL_IMAGE,
        command: ["bash", "-c", $privileges],
        env: [
          ("HOST", "PORT", "ADMIN_USER", "DATABASE", "APP_USER", "MIGRATIONS_USER" | {name: ., value: $ENV[.]}),
          {name: "MYSQL_PWD", valueFrom: {secretKeyRef: {name: "app-mysql-admin", key: "MYSQL_PWD"}}}
        ],
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: ["ALL"]}},
        resources: {requests: {cpu: "50m", memory: "32Mi"}, limits: {memory: "128Mi"}},
        volumeMounts: [{name: "admin", mountPath: "/admin", readOnly: true}]
      }],
      volumes: [{name: "admin", secret: {secretName: "app-mysql-admin", items: [{key: "ca.crt", path: "ca.crt"}]}}]
    }}
  }
}' | kubectl create --filename - >/dev/null
say "setting the users' privileges, at most 150 s …"
until conditions=$(kubectl --namespace "$NAMESPACE" get job app-mysql-privileges --output \
  'jsonpath={.status.conditions[?(@.status=="True")].type}') && [[ $conditions =~ Complete|Failed ]]; do sleep 1; done
kubectl --namespace "$NAMESPACE" logs --selector batch.kubernetes.io/job-name=app-mysql-privileges --tail -1 |
  sed "s/^/$JOB: /"
if [[ ! $conditions =~ Complete ]]; then
  reason=$(kubectl --namespace "$NAMESPACE" get job app-mysql-privileges --output \
    'jsonpath={.status.conditions[?(@.type=="Failed")].reason}')
  fail "TERRAFORM_OUTPUTS: admin_database_url did not do ($reason); expected $HOST:$PORT to let it in, with TLS of its CA"
fi

jq --null-input '{
  apiVersion: "v1",
  kind: "Secret",
  metadata: {name: "app-mysql", namespace: $ENV.NAMESPACE},
  data: {
    DATABASE_URL: "\($ENV.APP_URL)?ssl_ca=/etc/mysql-ca/ca.crt" | @base64,
    MIGRATIONS_DATABASE_URL: "\($ENV.MIGRATIONS_URL)?ssl_ca=/etc/mysql-ca/ca.crt" | @base64,
    "ca.crt": $ENV.CA | @base64
  }
}' | apply
if [ "$CHANGED" = true ] && has deployment app --namespace "$NAMESPACE"; then
  say "rolling the app, at most 5 minutes …"
  kubectl --namespace "$NAMESPACE" rollout restart deployment/app >/dev/null
  kubectl --namespace "$NAMESPACE" rollout status deployment/app --timeout 5m >/dev/null
  say "the app uses the new values"
fi
