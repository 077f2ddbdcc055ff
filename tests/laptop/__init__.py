"""What runs the loop on a laptop, as far as it can be seen without a kind cluster."""
