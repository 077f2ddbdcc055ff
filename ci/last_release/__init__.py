"""Test of the last release on the schema of this checkout: `make test-last-release`."""
