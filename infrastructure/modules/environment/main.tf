# Which environment this is, and what it has. No provider is needed here, so tests run it as it is.

locals {
  prefix    = "app-"
  expected  = join(", ", keys(local.environments))
  of_place  = startswith(var.workspace, local.prefix) ? trimprefix(var.workspace, local.prefix) : null
  requested = try(coalesce(var.environment, local.of_place), "")
  # Any row does where the name is refused: nothing of it gets out, since the output of the name fails.
  environment = lookup(local.environments, local.requested, local.environments["dev"])
}
