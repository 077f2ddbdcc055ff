"""Tools for those who work on this repository. The service, the pipeline and the clusters do not need them."""
