"""The infrastructure: Terraform's own rules, and the way from an applied run to provisioning."""
