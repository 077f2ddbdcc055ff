# One environment: a cluster and a MySQL database in a private network. The table of environments is in
# modules/environment; each cloud has a module of its own. Another cloud is another folder beside
# modules/digitalocean with the same variables and outputs, and its name below.

module "environment" {
  source = "./modules/environment"

  workspace   = terraform.workspace
  environment = var.environment
}

module "cloud" {
  source = "./modules/digitalocean"

  name        = module.environment.name
  region      = var.region
  cluster     = module.environment.cluster
  database    = module.environment.database
  maintenance = module.environment.maintenance
}

# The lock of a protected environment. `prevent_destroy` takes no variable and so cannot stand at the cluster itself,
# which dev may delete. It stands here, at a resource that exists only if deletion_protection is true. It is always
# replaced together with the cluster or the database. A plan that would delete or replace either of them (whole, or
# by -target), or that would remove the lock, is rejected. README.md describes how to open it.
resource "terraform_data" "deletion_protection" {
  count = module.environment.deletion_protection ? 1 : 0

  triggers_replace = module.cloud.protected

  lifecycle {
    prevent_destroy = true
  }
}
