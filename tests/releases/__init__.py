"""What Flux applies: which version each environment selects, and that the manifests are valid."""
