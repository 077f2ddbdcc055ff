"""The infrastructure: Terraform's own rules, and the outputs that provisioning reads."""
