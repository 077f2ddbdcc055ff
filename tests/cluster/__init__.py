"""The chart on a real cluster: installed, upgraded and rolled back under load."""
