"""The tools of a laptop: pinned in one place, in the versions that the pipeline has."""
