"""Lint of the revisions since the last release: `make lint-migrations`."""
