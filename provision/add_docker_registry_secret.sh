#!/usr/bin/env bash
# Writes the Secret app-registry: a deploy token, with which nodes pull the image and Flux the chart.
. "$(dirname "$0")/lib.sh"
: "${REGISTRY:=${CI_REGISTRY_IMAGE:-}}"
: "${REGISTRY_USER:=${CI_DEPLOY_USER:-}}" "${REGISTRY_PASSWORD:=${CI_DEPLOY_PASSWORD:-}}"
require_var REGISTRY "the image's repository, such as registry.example.com/group/app"
require_var REGISTRY_USER "the name of a deploy token with read_registry; GitLab sets it as CI_DEPLOY_USER"
require_var REGISTRY_PASSWORD "that deploy token; GitLab sets it as CI_DEPLOY_PASSWORD"
export REGISTRY REGISTRY_USER REGISTRY_PASSWORD

connect_cluster
create_namespace
apply_secret app-registry
