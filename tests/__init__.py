"""The tests: of the service (`app/`, `browser/`, `faults/`), the migrations, the image, the chart, and the whole."""
