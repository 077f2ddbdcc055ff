"""The tests: `app/` and `faults/` of the service, `migrations/` of the schema's history."""
