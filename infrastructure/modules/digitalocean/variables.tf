# The contract that the module of any cloud keeps: these variables, and the outputs in outputs.tf.

variable "name" {
  description = "The name of everything that is made."
  type        = string
}

variable "region" {
  description = "The region, by DigitalOcean's name."
  type        = string
}

variable "cluster" {
  description = "Kubernetes: minor version, highly available control plane or not, nodes (GiB of memory; how many)."
  type = object({
    version           = string
    high_availability = bool
    nodes             = object({ cpus = number, memory = number, min = number, max = number })
  })

  validation {
    condition     = can(regex("^[0-9]+\\.[0-9]+$", var.cluster.version))
    error_message = "cluster.version: \"${var.cluster.version}\"; expected a minor version, such as \"1.35\"."
  }
  validation {
    condition     = contains(local.node_sizes, "${var.cluster.nodes.cpus}x${var.cluster.nodes.memory}")
    error_message = "cluster.nodes: expected processors x GiB of memory to be one of ${join(", ", local.node_sizes)}."
  }
  validation {
    condition     = 1 <= var.cluster.nodes.min && var.cluster.nodes.min <= var.cluster.nodes.max
    error_message = "cluster.nodes: ${var.cluster.nodes.min} to ${var.cluster.nodes.max}; expected 1 or more, upwards."
  }
}

variable "database" {
  description = "MySQL: version, nodes (all but one stand by), their GiB of memory, hour of the daily backup (UTC)."
  type        = object({ version = string, nodes = number, cpus = number, memory = number, backup_hour = number })

  validation {
    condition     = contains(local.database_sizes, "${var.database.cpus}x${var.database.memory}")
    error_message = "database: expected processors x GiB of memory to be one of ${join(", ", local.database_sizes)}."
  }
  validation {
    condition     = var.database.nodes == 1 || contains([2, 3], var.database.nodes) && var.database.memory >= 2
    error_message = "database.nodes: ${var.database.nodes}; expected 1, or 2 or 3 with at least 2 GiB of memory."
  }
  validation {
    condition     = contains(range(1, 24), var.database.backup_hour)
    error_message = "database.backup_hour: ${var.database.backup_hour}; expected 1 to 23."
  }
}

variable "maintenance" {
  description = "When updates may be installed: the day of the week and the hour (UTC)."
  type        = object({ day = string, hour = number })

  validation {
    condition     = contains(local.days, var.maintenance.day)
    error_message = "maintenance.day: \"${var.maintenance.day}\"; expected one of ${join(", ", local.days)}."
  }
  validation {
    condition     = contains(range(24), var.maintenance.hour)
    error_message = "maintenance.hour: ${var.maintenance.hour}; expected 0 to 23."
  }
}

locals {
  # Available sizes, as processors x GiB of memory: the "basic" types of Droplets and databases.
  node_sizes     = ["1x2", "2x2", "2x4", "4x8", "8x16"]
  database_sizes = ["1x1", "1x2", "2x4", "4x8", "6x16"]
  days           = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
}
