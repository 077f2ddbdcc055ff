"""The documents: current, linked, and in plain words."""
