"""The page's speed beside its peers, and what it costs as the table grows: `make bench`."""
