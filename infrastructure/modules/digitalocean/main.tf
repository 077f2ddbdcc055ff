# A private network with a cluster and a managed MySQL in it.

locals {
  maintenance_hour = format("%02d:00", var.maintenance.hour)
}

resource "digitalocean_vpc" "this" {
  name   = var.name
  region = var.region
}

# --- the cluster

data "digitalocean_kubernetes_versions" "this" {
  version_prefix = "${var.cluster.version}."
}

# All of them, for the message of the precondition below.
data "digitalocean_kubernetes_versions" "offered" {}

locals {
  offered_minors = join(", ", distinct([
    for slug in data.digitalocean_kubernetes_versions.offered.valid_versions : try(regex("^\\d+\\.\\d+", slug), slug)
  ]))
}

resource "digitalocean_kubernetes_cluster" "this" {
  name     = var.name
  region   = var.region
  vpc_uuid = digitalocean_vpc.this.id
  version  = data.digitalocean_kubernetes_versions.this.latest_version
  ha       = var.cluster.high_availability # cannot be disabled again; the default from Kubernetes 1.36 on

  auto_upgrade  = true # patches only
  surge_upgrade = true # a new node is there before an old one is drained

  # The ingress's load balancer is created from within the cluster. If it were left behind, it would still cost money.
  destroy_all_associated_resources = true

  maintenance_policy {
    day        = var.maintenance.day
    start_time = local.maintenance_hour
  }

  node_pool {
    name       = var.name
    size       = format("s-%dvcpu-%dgb", var.cluster.nodes.cpus, var.cluster.nodes.memory)
    auto_scale = true
    min_nodes  = var.cluster.nodes.min
    max_nodes  = var.cluster.nodes.max
  }

  lifecycle {
    # Patches come by themselves, and a version below the running one would replace the cluster. The next minor version
    # is `doctl kubernetes cluster upgrade`.
    ignore_changes = [version]

    precondition {
      condition     = length(data.digitalocean_kubernetes_versions.this.valid_versions) > 0
      error_message = "cluster.version: \"${var.cluster.version}\"; expected one of ${local.offered_minors}."
    }
  }
}

# --- the database

resource "digitalocean_database_cluster" "this" {
  name                 = var.name
  region               = var.region
  private_network_uuid = digitalocean_vpc.this.id
  engine               = "mysql"
  version              = var.database.version
  size                 = format("db-s-%dvcpu-%dgb", var.database.cpus, var.database.memory)
  node_count           = var.database.nodes

  maintenance_window {
    day  = var.maintenance.day
    hour = local.maintenance_hour
  }
}

# Backups are made daily and kept for seven days, with point-in-time recovery. Only their hour can be chosen.
resource "digitalocean_database_mysql_config" "this" {
  cluster_id    = digitalocean_database_cluster.this.id
  backup_hour   = var.database.backup_hour
  backup_minute = 30 # the provider never sends 0, neither here nor as the hour
}

# The database also has a public name; without this rule it would answer the whole internet there.
resource "digitalocean_database_firewall" "this" {
  cluster_id = digitalocean_database_cluster.this.id

  rule {
    type  = "k8s"
    value = digitalocean_kubernetes_cluster.this.id
  }
}

resource "digitalocean_database_db" "app" {
  cluster_id = digitalocean_database_cluster.this.id
  name       = "app"
}

# Both may do everything at first; provision/add_mysql_secret narrows them, which the provider cannot.
resource "digitalocean_database_user" "this" {
  for_each = toset(["app", "migrations"])

  cluster_id = digitalocean_database_cluster.this.id
  name       = each.key
}

data "digitalocean_database_ca" "this" {
  cluster_id = digitalocean_database_cluster.this.id
}
