"""The whole pipeline, run for merges of every kind."""
