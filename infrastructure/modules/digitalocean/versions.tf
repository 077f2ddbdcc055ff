terraform {
  required_version = ">= 1.9"

  required_providers {
    digitalocean = {
      source  = "digitalocean/digitalocean"
      version = ">= 2.71" # it takes its token from DIGITALOCEAN_TOKEN
    }
  }
}
