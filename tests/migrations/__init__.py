"""The migrations, on MySQL."""
