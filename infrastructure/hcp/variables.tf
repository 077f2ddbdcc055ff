variable "organization" {
  description = "The organisation in HCP Terraform, which has to be there."
  type        = string
}

variable "gitlab_url" {
  description = "GitLab's address."
  type        = string
  default     = "https://gitlab.com"

  validation {
    condition     = can(regex("^https://[^/]+$", var.gitlab_url))
    error_message = "gitlab_url: \"${var.gitlab_url}\"; expected https://HOST, since a token is sent there."
  }
}

variable "gitlab_project" {
  description = "The project's path in GitLab, such as group/app."
  type        = string
}

variable "oauth_token_id" {
  description = "HCP Terraform's connection to GitLab (ot-…, under Settings, VCS Providers): then it plans each merge request and runs each merge. Without it, runs are started by `make plan` and `make apply`."
  type        = string
  default     = null
}

variable "digitalocean_token" {
  description = "DigitalOcean's API token, with which HCP Terraform makes everything. It is in no state."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "digitalocean_token_version" {
  description = "Another number sends digitalocean_token again, as after it was renewed: nothing else could show a change."
  type        = number
  default     = 1
}
