"""Development: the page follows changes of the code."""
