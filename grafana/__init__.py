"""Dashboards: their source, and what is generated from it."""
