"""The pipeline's file, and which jobs its rules select."""
