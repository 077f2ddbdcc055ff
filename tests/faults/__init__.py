"""The service while its database is away, in every way that we know."""
