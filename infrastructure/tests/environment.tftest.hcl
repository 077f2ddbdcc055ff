# Naming, sizing and rejected settings: without any provider.

run "dev_follows_from_its_workspace" {
  command = plan

  module {
    source = "./modules/environment"
  }

  variables {
    workspace   = "app-dev"
    environment = null
  }

  assert {
    condition     = output.name == "app-dev"
    error_message = "The workspace app-dev should name everything app-dev."
  }
  assert {
    condition     = output.database.nodes == 1 && output.cluster.nodes.min == 1 && !output.cluster.high_availability
    error_message = "The environment dev should have the smallest of everything."
  }
  assert {
    condition     = !output.deletion_protection
    error_message = "The environment dev should be free to delete."
  }
}

run "prod_survives_the_loss_of_any_one_machine" {
  command = plan

  module {
    source = "./modules/environment"
  }

  variables {
    workspace   = "app-prod"
    environment = null
  }

  assert {
    condition     = output.cluster.high_availability && output.cluster.nodes.min >= 3 && output.database.nodes >= 2
    error_message = "The environment prod should have more than one of everything."
  }
  assert {
    condition     = output.deletion_protection
    error_message = "The environment prod should be protected from deletion."
  }
}

run "staging_shows_what_prod_will_meet" {
  command = plan

  module {
    source = "./modules/environment"
  }

  variables {
    workspace   = "app-staging"
    environment = null
  }

  assert {
    condition     = local.environments.staging.maintenance.day != local.environments.prod.maintenance.day
    error_message = "The environment staging should meet an update on another day than prod."
  }
  assert {
    condition     = local.environments.staging.cluster.version == local.environments.prod.cluster.version
    error_message = "The environment staging should run the Kubernetes that prod runs."
  }
  assert {
    condition     = local.environments.staging.database.version == local.environments.prod.database.version
    error_message = "The environment staging should run the MySQL that prod runs."
  }
}

run "a_backend_without_workspaces_is_told_the_environment" {
  command = plan

  module {
    source = "./modules/environment"
  }

  variables {
    workspace   = "default"
    environment = "staging"
  }

  assert {
    condition     = output.name == "app-staging"
    error_message = "The variable should name the environment where the workspace does not."
  }
}

run "the_workspace_default_alone_is_refused" {
  command = plan

  module {
    source = "./modules/environment"
  }

  variables {
    workspace   = "default"
    environment = null
  }

  expect_failures = [output.name]
}

run "another_environment_is_refused" {
  command = plan

  module {
    source = "./modules/environment"
  }

  variables {
    workspace   = "app-production"
    environment = null
  }

  expect_failures = [output.name]
}

run "a_workspace_of_another_project_is_refused" {
  command = plan

  module {
    source = "./modules/environment"
  }

  variables {
    workspace   = "dev"
    environment = "dev"
  }

  expect_failures = [output.name]
}

run "a_workspace_and_an_environment_that_differ_are_refused" {
  command = plan

  module {
    source = "./modules/environment"
  }

  variables {
    workspace   = "app-prod"
    environment = "dev"
  }

  expect_failures = [output.name]
}
