# The requested environment, and its row of the table. No provider is needed here, so tests run it as it is.

locals {
  prefix    = "app-"
  expected  = join(", ", keys(local.environments))
  of_place  = startswith(var.workspace, local.prefix) ? trimprefix(var.workspace, local.prefix) : null
  requested = try(coalesce(var.environment, local.of_place), "")
  # If the name is rejected, any row will do: none of its values gets out, since the output of the name fails.
  environment = lookup(local.environments, local.requested, local.environments["dev"])
}
