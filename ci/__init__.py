"""Scripts and modules of the pipeline's jobs."""
