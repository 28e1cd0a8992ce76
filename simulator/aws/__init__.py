"""The embedded AWS: moto, extended in process where it is missing or wrong."""
