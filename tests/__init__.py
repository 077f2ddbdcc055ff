"""The tests: of the service (`app/`, `browser/`, `resilience/`), of each other folder, and of the whole.

Of the whole are `cluster/` (a cluster), `release/` (the pipeline) and `e2e/` (everything). `dev/`, `docs/`, `rename/`,
`tools/` and `kind/` are about this clone: its targets for developers, and its documents.
"""
