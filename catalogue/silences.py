"""How our silences in Alertmanager are told from those of people: both sides rely on it."""

CREATED_BY = "vigia"
"""Alertmanager's ``createdBy`` of every silence that we make."""
MAINTENANCE = "maintenance:"
"""How the comment of a maintenance window's silence begins; the reason follows."""
