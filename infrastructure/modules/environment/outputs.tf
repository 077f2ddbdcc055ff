output "name" {
  description = "The name of everything in this environment that needs one: app-ENVIRONMENT."
  value       = "${local.prefix}${local.requested}"

  precondition {
    condition     = var.workspace == "default" || local.of_place != null
    error_message = "workspace: \"${var.workspace}\"; expected app-ENVIRONMENT, which is one of ${local.expected}."
  }
  precondition {
    condition     = contains(keys(local.environments), local.requested)
    error_message = "environment: \"${local.requested}\"; expected one of ${local.expected} (TF_WORKSPACE=app-…)."
  }
  precondition {
    condition     = local.of_place == null || local.requested == local.of_place
    error_message = "environment: \"${local.requested}\" in the workspace \"${var.workspace}\"; expected the same."
  }
}

output "cluster" {
  description = "Kubernetes: version, high_availability, nodes."
  value       = local.environment.cluster
}

output "database" {
  description = "MySQL: version, nodes, cpus, memory, backup_hour."
  value       = local.environment.database
}

output "maintenance" {
  description = "When the cloud may update: day, hour."
  value       = local.environment.maintenance
}

output "deletion_protection" {
  description = "Whether a plan that would lose the cluster or the database is refused."
  value       = local.environment.deletion_protection
}
