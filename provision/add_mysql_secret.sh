#!/usr/bin/env bash
# Writes the Secret app-mysql of Terraform's outputs, after it has restricted the two users in it: the app's to DML, the
# other to what migrations need. Writes the database's port and address for the network policies. If the Secret changed,
# it restarts the app, as pods read it when they start.
. "$(dirname "$0")/job.sh"

url_form="mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE, each part URL-encoded"
url_pattern='^mysql\+pymysql://([^:@/?]+):([^:@/?]+)@(\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*]|[^]:@/?[]+):([1-9][0-9]{0,4})/([A-Za-z0-9]+)$'
# url NAME: prints one of the outputs, which must have that form
url() {
  local value
  value=$(output "$1" "$url_form")
  if [[ ! $value =~ $url_pattern ]] || ((BASH_REMATCH[4] > 65535)); then
    fail "TERRAFORM_OUTPUTS: $1 is of another form; expected $url_form"
  fi
  printf '%s' "$value"
}
# part N URL: prints a part of it, decoded: 1 user, 2 password, 3 host, 4 port, 5 database
part() {
  local decoded
  [[ $2 =~ $url_pattern ]]
  decoded=${BASH_REMATCH[$1]//\\/\\\\}
  printf '%b' "${decoded//%/\\x}"
}
# host URL: prints its host, an IPv6 address without its brackets
host() {
  local name
  name=$(part 3 "$1")
  name=${name#\[}
  printf '%s' "${name%]}"
}
# cidr HOST: prints the address range of an IP address, and nothing for a name, whose address may change
cidr() {
  local byte='(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
  if [[ $1 == *:* ]]; then
    printf '%s/128' "${1,,}"
  elif [[ $1 =~ ^$byte(\.$byte){3}$ ]]; then
    printf '%s/32' "$1"
  fi
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
HOST=$(host "$ADMIN_URL") PORT=$(part 4 "$ADMIN_URL") DATABASE=$(part 5 "$APP_URL")
DATABASE_PORT=$(part 4 "$APP_URL")
[ "$(part 4 "$MIGRATIONS_URL")" = "$DATABASE_PORT" ] ||
  fail "TERRAFORM_OUTPUTS: migrations_database_url has another port; expected that of database_url, $DATABASE_PORT"
CIDRS="$(cidr "$(host "$APP_URL")") $(cidr "$(host "$MIGRATIONS_URL")")"
export NAMESPACE MYSQL_IMAGE APP_URL MIGRATIONS_URL CA DATABASE_PORT CIDRS
export HOST PORT DATABASE ADMIN_USER ADMIN_PASSWORD APP_USER MIGRATIONS_USER

cluster
namespace

# The privileges, before anything uses them. The database is reached from the cluster only, hence a Job. It owns the
# Secret with the administrator's password: if this script is killed, the cluster removes both after the Job has ended.
remove() {
  kubectl --namespace "$NAMESPACE" delete job/app-mysql-privileges secret/app-mysql-admin --ignore-not-found >/dev/null
}
remove
at_exit remove
uid=$(jq --null-input --rawfile privileges "$PROVISION/mysql-privileges.sh" '{
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: {name: "app-mysql-privileges", namespace: $ENV.NAMESPACE},
  spec: {
    backoffLimit: 1,
    activeDeadlineSeconds: 150,
    ttlSecondsAfterFinished: 60,
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
}' | kubectl create --filename - --output 'jsonpath={.metadata.uid}')
jq --null-input --arg uid "$uid" '{
  apiVersion: "v1",
  kind: "Secret",
  metadata: {
    name: "app-mysql-admin",
    namespace: $ENV.NAMESPACE,
    ownerReferences: [{apiVersion: "batch/v1", kind: "Job", name: "app-mysql-privileges", uid: $uid}]
  },
  stringData: {MYSQL_PWD: $ENV.ADMIN_PASSWORD, "ca.crt": $ENV.CA}
}' | kubectl create --filename - >/dev/null
say "setting the users' privileges, at most 150 s …"
for _ in {1..180}; do
  conditions=$(kubectl --namespace "$NAMESPACE" get job app-mysql-privileges --output \
    'jsonpath={.status.conditions[?(@.status=="True")].type}') || conditions=
  [[ ! $conditions =~ Complete|Failed ]] || break
  sleep 1
done
kubectl --namespace "$NAMESPACE" logs --selector batch.kubernetes.io/job-name=app-mysql-privileges --tail -1 |
  sed "s/^/$JOB: /"
if [[ ! $conditions =~ Complete ]]; then
  reason=$(kubectl --namespace "$NAMESPACE" get job app-mysql-privileges --output \
    'jsonpath={.status.conditions[?(@.type=="Failed")].reason}')
  fail "TERRAFORM_OUTPUTS: admin_database_url: login failed ($reason); expected $HOST:$PORT to accept it, by TLS of its CA"
fi

# For the network policies: Flux puts it into releases/. Without addresses, they allow any address on that port.
has namespace flux-system || kubectl create namespace flux-system >/dev/null
jq --null-input '($ENV.CIDRS | split(" ")) as $cidrs | {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    name: "\($ENV.NAMESPACE)-database",
    namespace: "flux-system",
    labels: {"reconcile.fluxcd.io/watch": "Enabled"}
  },
  data: {
    DATABASE_PORT: $ENV.DATABASE_PORT,
    DATABASE_CIDRS: ($cidrs | if all(. != "") then unique else [] end | tojson)
  }
}' | apply
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
  say "restarting the app, at most 5 minutes …"
  kubectl --namespace "$NAMESPACE" rollout restart deployment/app >/dev/null
  kubectl --namespace "$NAMESPACE" rollout status deployment/app --timeout 5m >/dev/null
  say "the app uses the new values"
fi
