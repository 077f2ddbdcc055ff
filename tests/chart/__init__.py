"""The chart, over what `helm template` prints."""
