variable "environment" {
  description = "dev, staging or prod; needed only where the workspace, app-ENVIRONMENT, does not say it."
  type        = string
  default     = null
}

variable "region" {
  description = "The region that everything is in, by the cloud's own name."
  type        = string
  default     = "fra1"
}
