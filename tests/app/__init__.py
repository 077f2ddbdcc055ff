"""The service, part by part and as a whole."""
