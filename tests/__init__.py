"""The tests: of the service (`app/`, `browser/`, `resilience/`), of each other folder, and of the whole.

Of the whole are `e2e/` (a cluster), `release/` (the pipeline) and `loop/` (everything). `dev/`, `docs/`, `rename/` and
`tools/` are about this clone: its targets for developers, and its documents.
"""
