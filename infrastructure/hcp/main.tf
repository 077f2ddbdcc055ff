# HCP Terraform's side, applied once: a workspace for each environment, and the notification that starts provisioning.

provider "tfe" {
  organization = var.organization
}

provider "gitlab" {
  base_url = var.gitlab_url
}

locals {
  environments = toset(["dev", "staging", "prod"])
  branch       = "main"
}

# --- workspaces

resource "tfe_workspace" "this" {
  for_each = local.environments

  name               = "app-${each.key}"
  description        = "The infrastructure of ${each.key}."
  tag_names          = ["app"] # as in ../backend.tf
  working_directory  = "infrastructure"
  terraform_version  = "~> 1.11"
  auto_apply         = false              # an operator reads the plan and confirms
  allow_destroy_plan = each.key != "prod" # beside the lock in ../main.tf
  queue_all_runs     = false              # the first run is started by a person, too

  file_triggers_enabled = true
  trigger_patterns      = ["infrastructure/*", "infrastructure/modules/**/*"]

  dynamic "vcs_repo" {
    for_each = var.oauth_token_id[*]

    content {
      identifier     = var.gitlab_project
      branch         = local.branch
      oauth_token_id = vcs_repo.value
    }
  }
}

# Equals the workspace's name, for runs of Terraform without the workspace.
resource "tfe_variable" "environment" {
  for_each = local.environments

  workspace_id = tfe_workspace.this[each.key].id
  key          = "environment"
  value        = each.key
  category     = "terraform"
}

resource "tfe_variable" "digitalocean_token" {
  for_each = local.environments

  workspace_id     = tfe_workspace.this[each.key].id
  key              = "DIGITALOCEAN_TOKEN"
  category         = "env"
  sensitive        = true
  value_wo         = var.digitalocean_token
  value_wo_version = var.digitalocean_token_version
}

# --- from an applied run to provisioning

resource "gitlab_pipeline_trigger" "provision" {
  project     = var.gitlab_project
  description = "HCP Terraform: provision an environment when it was applied."
}

data "gitlab_project" "this" {
  path_with_namespace = var.gitlab_project
}

# GitLab cannot check the signature that HCP Terraform would send, so none is configured. The pipeline reads nothing of
# the notification; the token can only repeat a provisioning (docs/pipeline.md, "The trigger").
resource "tfe_notification_configuration" "provision" {
  for_each = local.environments

  name             = "GitLab: provision ${each.key}"
  workspace_id     = tfe_workspace.this[each.key].id
  destination_type = "generic"
  enabled          = true # HCP Terraform sends a verification immediately, which provisions once, too
  triggers         = ["run:completed"]
  url = format("%s/api/v4/projects/%s/ref/%s/trigger/pipeline?token=%s&inputs%%5Benvironment%%5D=%s",
    var.gitlab_url, data.gitlab_project.this.id, local.branch, gitlab_pipeline_trigger.provision.token, each.key,
  )
}

# The pipeline's settings, beside the token TF_TOKEN_app_terraform_io, which an operator sets.
resource "gitlab_project_variable" "organization" {
  project = var.gitlab_project
  key     = "TF_CLOUD_ORGANIZATION"
  value   = var.organization
}
