"""Finding the units of a package by walking it: sorted, and duplicates raise."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any


class DuplicateUnitError(Exception):
    """Two modules claim the same name."""


def discover(package: ModuleType, attribute: str) -> dict[str, Any]:
    """Return, by its ``name``, the ``attribute`` of every module in ``package`` that has one.

    Raises:
        DuplicateUnitError: if two units share a name.
    """
    found: dict[str, Any] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda entry: entry.name):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        unit = getattr(loaded, attribute, None)
        if unit is None:
            continue
        if unit.name in found:
            raise DuplicateUnitError(f"{package.__name__}: two units are called '{unit.name}'")
        found[unit.name] = unit
    return found
