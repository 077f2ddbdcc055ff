#!/usr/bin/env bash
# Writes the Secret app-registry, with which nodes fetch the image and Flux the chart: a deploy token that may read.
. "$(dirname "$0")/job.sh"
: "${REGISTRY:=${CI_REGISTRY_IMAGE:-}}"
: "${REGISTRY_USER:=${CI_DEPLOY_USER:-}}" "${REGISTRY_PASSWORD:=${CI_DEPLOY_PASSWORD:-}}"
need REGISTRY "the image's repository, such as registry.example.com/group/app"
need REGISTRY_USER "the name of a deploy token with read_registry; GitLab sets it as CI_DEPLOY_USER"
need REGISTRY_PASSWORD "that deploy token; GitLab sets it as CI_DEPLOY_PASSWORD"

cluster
namespace
export REGISTRY REGISTRY_USER REGISTRY_PASSWORD NAMESPACE
jq --null-input '
  {($ENV.REGISTRY | split("/")[0]): {
    username: $ENV.REGISTRY_USER,
    password: $ENV.REGISTRY_PASSWORD,
    auth: "\($ENV.REGISTRY_USER):\($ENV.REGISTRY_PASSWORD)" | @base64
  }} as $auths |
  {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockerconfigjson",
    metadata: {name: "app-registry", namespace: $ENV.NAMESPACE},
    data: {".dockerconfigjson": {auths: $auths} | tojson | @base64}
  }' | apply
