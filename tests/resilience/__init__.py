"""The service while its database is unavailable, in each known way."""
