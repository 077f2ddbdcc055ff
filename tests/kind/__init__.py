"""Tests of hack/kind without a kind cluster."""
