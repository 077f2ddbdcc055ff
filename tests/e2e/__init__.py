"""From a merge to the page in three environments, and back: everything together, on a cluster."""
