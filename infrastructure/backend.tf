# Backend of the state: HCP Terraform. The organisation comes from TF_CLOUD_ORGANIZATION, the workspace from
# TF_WORKSPACE. For another TERRAFORM_BACKEND, terraform.sh writes backend_override.tf, which replaces this block.
terraform {
  cloud {
    workspaces {
      tags = ["app"]
    }
  }
}
