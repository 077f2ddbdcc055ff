# Requests to DigitalOcean, which a mock answers: policies first, then rejected settings.

mock_provider "digitalocean" {
  mock_resource "digitalocean_vpc" {
    defaults = { id = "00000000-0000-4000-8000-00000000000a" }
  }
  mock_resource "digitalocean_kubernetes_cluster" {
    defaults = {
      id = "00000000-0000-4000-8000-00000000000b"
      kube_config = [{
        raw_config             = "apiVersion: v1", host = "", token = "", expires_at = "",
        cluster_ca_certificate = "", client_key = "", client_certificate = "",
      }]
    }
  }
  mock_resource "digitalocean_database_cluster" {
    defaults = {
      id           = "00000000-0000-4000-8000-00000000000c"
      host         = "public.example.com"
      private_host = "private.example.com"
      port         = 25060
      user         = "admin"
      password     = "admin's"
    }
  }
  mock_data "digitalocean_database_ca" {
    defaults = { certificate = "-----BEGIN CERTIFICATE-----" }
  }
  mock_data "digitalocean_kubernetes_versions" {
    defaults = { latest_version = "1.35.6-do.0", valid_versions = ["1.35.6-do.0"] }
  }
}

variables {
  name   = "app-test"
  region = "fra1"
  cluster = {
    version           = "1.35"
    high_availability = true
    nodes             = { cpus = 2, memory = 4, min = 2, max = 5 }
  }
  database    = { version = "8", nodes = 2, cpus = 1, memory = 2, backup_hour = 4 }
  maintenance = { day = "sunday", hour = 3 }
}

run "the_database_admits_the_cluster_alone" {
  module {
    source = "./modules/digitalocean"
  }

  assert {
    condition = [for rule in digitalocean_database_firewall.this.rule : "${rule.type} ${rule.value}"] == [
      "k8s ${digitalocean_kubernetes_cluster.this.id}"
    ]
    error_message = "The firewall should have one rule, and that should admit the cluster."
  }
  assert {
    condition     = digitalocean_database_firewall.this.cluster_id == digitalocean_database_cluster.this.id
    error_message = "The firewall should be that of the database."
  }
}

run "cluster_and_database_meet_in_a_private_network" {
  module {
    source = "./modules/digitalocean"
  }

  assert {
    condition     = digitalocean_database_cluster.this.private_network_uuid == digitalocean_vpc.this.id
    error_message = "The database should be in the environment's own network."
  }
  assert {
    condition     = digitalocean_kubernetes_cluster.this.vpc_uuid == digitalocean_vpc.this.id
    error_message = "The cluster should be in the environment's own network."
  }
  assert {
    condition     = output.database.host == "private.example.com"
    error_message = "The database's public name should be given to nobody."
  }
}

run "connections_can_be_verified" {
  module {
    source = "./modules/digitalocean"
  }

  assert {
    condition     = output.database.ca == "-----BEGIN CERTIFICATE-----"
    error_message = "The database's authority should come with its address."
  }
}

run "updates_come_by_themselves_and_in_their_hour" {
  module {
    source = "./modules/digitalocean"
  }

  assert {
    condition = alltrue([
      digitalocean_kubernetes_cluster.this.auto_upgrade,
      digitalocean_kubernetes_cluster.this.surge_upgrade,
    ])
    error_message = "The cluster should get patches, and a new node before it loses an old one."
  }
  assert {
    condition     = digitalocean_kubernetes_cluster.this.maintenance_policy[0].start_time == "03:00"
    error_message = "The cluster's window should be the one of the table."
  }
  assert {
    condition     = digitalocean_database_cluster.this.maintenance_window[0].hour == "03:00"
    error_message = "The database's window should be the one of the table."
  }
}

run "the_cluster_grows_and_shrinks" {
  module {
    source = "./modules/digitalocean"
  }

  assert {
    condition = alltrue([
      digitalocean_kubernetes_cluster.this.node_pool[0].auto_scale,
      digitalocean_kubernetes_cluster.this.node_pool[0].min_nodes == 2,
      digitalocean_kubernetes_cluster.this.node_pool[0].max_nodes == 5,
    ])
    error_message = "The pool should scale between the two numbers of the table."
  }
}

run "sizes_become_digitaloceans_types" {
  module {
    source = "./modules/digitalocean"
  }

  assert {
    condition     = digitalocean_kubernetes_cluster.this.node_pool[0].size == "s-2vcpu-4gb"
    error_message = "Two processors with 4 GiB should be an s-2vcpu-4gb."
  }
  assert {
    condition     = digitalocean_database_cluster.this.size == "db-s-1vcpu-2gb"
    error_message = "A database of one processor with 2 GiB should be a db-s-1vcpu-2gb."
  }
}

run "a_version_that_is_not_offered_is_refused" {
  command = plan

  module {
    source = "./modules/digitalocean"
  }

  override_data {
    target = data.digitalocean_kubernetes_versions.this
    values = { valid_versions = [] }
  }

  expect_failures = [digitalocean_kubernetes_cluster.this]
}

run "backups_are_made_in_their_hour" {
  module {
    source = "./modules/digitalocean"
  }

  assert {
    condition     = digitalocean_database_mysql_config.this.backup_hour == 4
    error_message = "The backup's hour should be the one of the table."
  }
  assert {
    condition     = digitalocean_database_mysql_config.this.backup_minute > 0
    error_message = "The backup's minute should be one that the provider sends."
  }
}

run "an_hour_that_the_provider_does_not_send_is_refused" {
  command = plan

  module {
    source = "./modules/digitalocean"
  }

  variables {
    database = { version = "8", nodes = 1, cpus = 1, memory = 1, backup_hour = 0 }
  }

  expect_failures = [var.database]
}

run "what_must_not_be_lost_is_named" {
  module {
    source = "./modules/digitalocean"
  }

  assert {
    condition = output.protected == [
      digitalocean_kubernetes_cluster.this.id, digitalocean_database_cluster.this.id, digitalocean_database_db.app.id,
    ]
    error_message = "The cluster, the database server and the database should be protected."
  }
}

run "each_task_has_a_user_of_its_own" {
  module {
    source = "./modules/digitalocean"
  }

  assert {
    condition = { for role, user in nonsensitive(output.database).users : role => user.name } == {
      admin = "admin", app = "app", migrations = "migrations"
    }
    error_message = "The service, the migrations and provisioning should not share a user."
  }
}

run "a_type_that_is_not_sold_is_refused" {
  command = plan

  module {
    source = "./modules/digitalocean"
  }

  variables {
    cluster = {
      version           = "1.35"
      high_availability = false
      nodes             = { cpus = 3, memory = 5, min = 1, max = 1 }
    }
  }

  expect_failures = [var.cluster]
}

run "a_standby_that_is_too_small_is_refused" {
  command = plan

  module {
    source = "./modules/digitalocean"
  }

  variables {
    database = { version = "8", nodes = 2, cpus = 1, memory = 1, backup_hour = 1 }
  }

  expect_failures = [var.database]
}

run "a_pool_that_cannot_be_is_refused" {
  command = plan

  module {
    source = "./modules/digitalocean"
  }

  variables {
    cluster = {
      version           = "1.35"
      high_availability = false
      nodes             = { cpus = 2, memory = 4, min = 3, max = 2 }
    }
  }

  expect_failures = [var.cluster]
}

run "a_day_that_is_none_is_refused" {
  command = plan

  module {
    source = "./modules/digitalocean"
  }

  variables {
    maintenance = { day = "any", hour = 3 }
  }

  expect_failures = [var.maintenance]
}
