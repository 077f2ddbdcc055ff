output "workspaces" {
  description = "Where each environment's runs are looked at and confirmed."
  value       = { for environment, workspace in tfe_workspace.this : environment => workspace.html_url }
}
