"""Alembic's environment, the revisions of the schema, and the guarded operations that these use."""
