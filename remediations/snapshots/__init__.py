"""Copying the objects of a bucket into a snapshot, a short page at a time."""
