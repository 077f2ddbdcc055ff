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
  description = "Kubernetes: its minor version, whether its control plane is highly available, and its nodes (processors, GiB of memory, and between how many)."
  type = object({
    version           = string
    high_availability = bool
    nodes             = object({ cpus = number, memory = number, min = number, max = number })
  })

  validation {
    condition     = can(regex("^[0-9]+\\.[0-9]+$", var.cluster.version))
    error_message = "cluster.version: \"${var.cluster.version}\"; expected a minor version, such as \"1.34\"."
  }
  validation {
    condition     = contains(["1x2", "2x2", "2x4", "4x8", "8x16"], "${var.cluster.nodes.cpus}x${var.cluster.nodes.memory}")
    error_message = "cluster.nodes: ${var.cluster.nodes.cpus} processors with ${var.cluster.nodes.memory} GiB; expected 1 with 2, 2 with 2, 2 with 4, 4 with 8 or 8 with 16."
  }
  validation {
    condition     = 1 <= var.cluster.nodes.min && var.cluster.nodes.min <= var.cluster.nodes.max
    error_message = "cluster.nodes: between ${var.cluster.nodes.min} and ${var.cluster.nodes.max}; expected at least 1, and no more than the most."
  }
}

variable "database" {
  description = "MySQL: its version, how many nodes (all but the first stand by), their processors and GiB of memory, and the hour of the daily backup (UTC)."
  type        = object({ version = string, nodes = number, cpus = number, memory = number, backup_hour = number })

  validation {
    condition     = contains(["1x1", "1x2", "2x4", "4x8", "6x16"], "${var.database.cpus}x${var.database.memory}")
    error_message = "database: ${var.database.cpus} processors with ${var.database.memory} GiB; expected 1 with 1, 1 with 2, 2 with 4, 4 with 8 or 6 with 16."
  }
  validation {
    condition     = var.database.nodes == 1 || contains([2, 3], var.database.nodes) && var.database.memory >= 2
    error_message = "database.nodes: ${var.database.nodes} with ${var.database.memory} GiB; expected 1, or 2 or 3 with at least 2 GiB."
  }
  validation {
    condition     = contains(range(24), var.database.backup_hour)
    error_message = "database.backup_hour: ${var.database.backup_hour}; expected 0 to 23."
  }
}

variable "maintenance" {
  description = "When updates may be installed: the day of the week and the hour (UTC)."
  type        = object({ day = string, hour = number })

  validation {
    condition     = contains(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], var.maintenance.day)
    error_message = "maintenance.day: \"${var.maintenance.day}\"; expected monday to sunday."
  }
  validation {
    condition     = contains(range(24), var.maintenance.hour)
    error_message = "maintenance.hour: ${var.maintenance.hour}; expected 0 to 23."
  }
}
