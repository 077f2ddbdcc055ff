variable "environment" {
  description = "The environment: dev, staging or prod. By default it follows from the workspace, which is app-ENVIRONMENT; only a backend without workspaces needs it."
  type        = string
  default     = null
}

variable "region" {
  description = "The region that everything is in, by the cloud's own name."
  type        = string
  default     = "fra1"
}
