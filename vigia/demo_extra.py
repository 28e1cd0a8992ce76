"""The embedded platform is an optional extra: say so in one line where it is missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from vigia.exits import CommandError, Exit


def load(module: str) -> ModuleType:
    """Import a module of the embedded platform.

    Raises:
        CommandError: if the extra is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("moto", "werkzeug", "grafana_foundation_sdk"):
            raise CommandError(
                Exit.USAGE, f"{error.name} is not installed; run 'make setup' or add the demo extra"
            ) from error
        raise
