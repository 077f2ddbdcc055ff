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
  description = "HCP Terraform's connection to GitLab (ot-…); without it, runs are started from a shell."
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
  description = "Another number sends digitalocean_token again, as has to be done after it was renewed."
  type        = number
  default     = 1
}
