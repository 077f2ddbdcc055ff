terraform {
  required_version = ">= 1.11" # write-only arguments

  required_providers {
    tfe = {
      source  = "hashicorp/tfe"
      version = "~> 0.75" # the first with value_wo_version; it takes its token from TFE_TOKEN
    }
    gitlab = {
      source  = "gitlabhq/gitlab"
      version = "~> 18.6" # it takes its token from GITLAB_TOKEN
    }
  }
}
