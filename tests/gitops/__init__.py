"""The objects that Flux applies: the selected version of each environment, and valid manifests."""
