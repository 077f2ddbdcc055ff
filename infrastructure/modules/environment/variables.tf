variable "workspace" {
  description = "Terraform's workspace: app-ENVIRONMENT, or default where the backend has no others."
  type        = string
}

variable "environment" {
  description = "The environment's name; null where the workspace tells it."
  type        = string
}
