"""The chart, as `helm template` renders it."""
