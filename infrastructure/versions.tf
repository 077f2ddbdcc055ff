terraform {
  required_version = ">= 1.9" # Terraform or OpenTofu

  required_providers {
    # The one provider of modules/digitalocean: its version is chosen here, and tests put a mock in its place.
    digitalocean = {
      source  = "digitalocean/digitalocean"
      version = "~> 2.71"
    }
  }
}
