# Table of environments. Sizes are counts of processors and GiB of memory; the cloud's module finds the type.
#   cluster.version   Kubernetes' minor version when the cluster is created; patches follow by themselves
#   database.nodes    1, or 2 for a standby that takes over
#   database.backup_hour, maintenance   in UTC; staging is maintained before prod, so that faults show there first
locals {
  environments = {
    dev = {
      cluster = {
        version           = "1.35"
        high_availability = false
        nodes             = { cpus = 2, memory = 4, min = 1, max = 3 }
      }
      database            = { version = "8", nodes = 1, cpus = 1, memory = 1, backup_hour = 1 }
      maintenance         = { day = "monday", hour = 3 }
      deletion_protection = false
    }
    staging = {
      cluster = {
        version           = "1.35"
        high_availability = false
        nodes             = { cpus = 2, memory = 4, min = 2, max = 3 }
      }
      database            = { version = "8", nodes = 1, cpus = 1, memory = 2, backup_hour = 1 }
      maintenance         = { day = "tuesday", hour = 3 }
      deletion_protection = false
    }
    prod = {
      cluster = {
        version           = "1.35"
        high_availability = true
        nodes             = { cpus = 2, memory = 4, min = 3, max = 6 }
      }
      database            = { version = "8", nodes = 2, cpus = 2, memory = 4, backup_hour = 1 }
      maintenance         = { day = "thursday", hour = 3 }
      deletion_protection = true
    }
  }
}
