"""Putting our own operations onto moto's classes: the way moto itself dispatches them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def extend(owner: type, *functions: Callable[..., Any]) -> None:
    """Make each function a method of ``owner`` under its own name."""
    for function in functions:
        setattr(owner, function.__name__, function)


def original(owner: type, name: str) -> Callable[..., Any]:
    """Return moto's own method, also when it was extended before, and remember it."""
    kept = f"moto_{name}"
    if not hasattr(owner, kept):
        setattr(owner, kept, getattr(owner, name))
    method: Callable[..., Any] = getattr(owner, kept)
    return method
