"""From a merge to the page in three environments, and a rollback: all parts together, on a cluster."""
