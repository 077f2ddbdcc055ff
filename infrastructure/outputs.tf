# Outputs that provision/ reads. All are sensitive: two hold keys, and the others would help an attacker.

output "kubeconfig" {
  description = "The cluster's kubeconfig: good for seven days, and renewed by the first apply after them."
  value       = module.cloud.kubeconfig
  sensitive   = true
}

output "database_url" {
  description = "The database for the service, as the user app."
  value       = local.database_urls.app
  sensitive   = true
}

output "migrations_database_url" {
  description = "The database for the migrations, as the user migrations."
  value       = local.database_urls.migrations
  sensitive   = true
}

output "admin_database_url" {
  description = "The database for provisioning, as the user that may grant privileges."
  value       = local.database_urls.admin
  sensitive   = true
}

output "database_ca" {
  description = "The certificate that the database's own is verified with (PEM)."
  value       = module.cloud.database.ca
  sensitive   = true

  precondition {
    condition     = trimspace(module.cloud.database.ca) != ""
    error_message = "database_ca: empty; expected a certificate, without which no connection can be verified."
  }
}

locals {
  # Without a query: each client adds its own parameters, such as the path of the certificate.
  database_urls = {
    for role, user in module.cloud.database.users : role => format(
      "mysql+pymysql://%s:%s@%s:%d/%s",
      # urlencode writes a space as "+", which only a query reads as a space
      replace(urlencode(user.name), "+", "%20"),
      replace(urlencode(user.password), "+", "%20"),
      module.cloud.database.host,
      module.cloud.database.port,
      module.cloud.database.name,
    )
  }
}
