# The whole for each environment: the table's sizes are available; the lock; the form of the addresses.

mock_provider "digitalocean" {
  mock_resource "digitalocean_kubernetes_cluster" {
    defaults = {
      kube_config = [{
        raw_config             = "apiVersion: v1", host = "", token = "", expires_at = "",
        cluster_ca_certificate = "", client_key = "", client_certificate = "",
      }]
    }
  }
  mock_resource "digitalocean_database_cluster" {
    defaults = {
      private_host = "private.example.com"
      port         = 25060
      user         = "admin"
      password     = "plain"
    }
  }
  mock_resource "digitalocean_database_user" {
    defaults = { password = "p@ss: word+/%" }
  }
  mock_data "digitalocean_kubernetes_versions" {
    defaults = { latest_version = "1.35.6-do.0", valid_versions = ["1.35.6-do.0"] }
  }
}

run "dev_can_be_deleted" {
  command = plan

  variables {
    environment = "dev"
  }

  assert {
    condition     = length(terraform_data.deletion_protection) == 0
    error_message = "The environment dev should have no lock."
  }
}

run "staging_can_be_deleted" {
  command = plan

  variables {
    environment = "staging"
  }

  assert {
    condition     = length(terraform_data.deletion_protection) == 0
    error_message = "The environment staging should have no lock."
  }
}

run "prod_is_locked" {
  command = plan

  variables {
    environment = "prod"
  }

  assert {
    condition     = length(terraform_data.deletion_protection) == 1
    error_message = "The environment prod should have a lock."
  }
}

run "addresses_are_encoded_and_private" {
  variables {
    environment = "dev"
  }

  assert {
    condition     = output.database_url == "mysql+pymysql://app:p%40ss%3A%20word%2B%2F%25@private.example.com:25060/app"
    error_message = "Whatever is in a password should be encoded, and the host should be the private one."
  }
  assert {
    condition     = output.migrations_database_url == replace(output.database_url, "app:", "migrations:")
    error_message = "The migrations should have the address with their own user."
  }
  assert {
    condition     = output.admin_database_url == "mysql+pymysql://admin:plain@private.example.com:25060/app"
    error_message = "Provisioning should have the address with the user that may grant privileges."
  }
}
