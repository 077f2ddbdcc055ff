output "kubeconfig" {
  description = "The cluster's kubeconfig: good for seven days, and renewed by the first apply after them."
  value       = digitalocean_kubernetes_cluster.this.kube_config[0].raw_config
  sensitive   = true
}

output "database" {
  description = "MySQL in the private network: host, port, name, ca (PEM), users (admin, app, migrations)."
  value = {
    host = digitalocean_database_cluster.this.private_host
    port = digitalocean_database_cluster.this.port
    name = digitalocean_database_db.app.name
    ca   = data.digitalocean_database_ca.this.certificate
    users = merge(
      {
        admin = {
          name     = digitalocean_database_cluster.this.user
          password = digitalocean_database_cluster.this.password
        }
      },
      { for role, user in digitalocean_database_user.this : role => { name = user.name, password = user.password } },
    )
  }
  sensitive = true

  # The address is published only after the firewall exists.
  depends_on = [digitalocean_database_firewall.this]
}

output "protected" {
  description = "The ids of what must not be lost, in an order that stays."
  value = [
    digitalocean_kubernetes_cluster.this.id,
    digitalocean_database_cluster.this.id,
    digitalocean_database_db.app.id,
  ]
}
