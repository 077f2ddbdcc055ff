"""`make rename`: a copy of the repository is renamed, and its own tests run on it."""
