"""The document of feature flags: read strictly, edited in place, never invented.

Form: "Type reference for AWS.AppConfig.FeatureFlags" in the AppConfig user guide. A flag's value
holds ``enabled`` and its attributes; a flag of several variants has no plain state.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

States = dict[str, bool | None]
"""Each flag and whether it is on; None where it has no plain state."""


class NotFlagsError(Exception):
    """The document is not one of feature flags; one line says why."""


def parse(content: bytes) -> dict[str, Any]:
    """Return the document.

    Raises:
        NotFlagsError: if it cannot be read as one: it must not be taken for one without flags.
    """
    try:
        document = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NotFlagsError("it is not JSON") from error
    if not isinstance(document, dict) or not isinstance(document.get("version"), str):
        raise NotFlagsError("it has no version")
    for part in ("flags", "values"):
        found = document.get(part)
        if not isinstance(found, dict):
            raise NotFlagsError(f"it has no {part}")
        if not all(isinstance(one, dict) for one in found.values()):
            raise NotFlagsError(f"one of its {part} is not an object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def states(document: Mapping[str, Any]) -> States:
    """Return the state of each flag that the document defines; without a value it is off."""
    found: States = {}
    for name in document["flags"]:
        value = document["values"].get(name)
        enabled = False if value is None else value.get("enabled")
        found[name] = enabled if isinstance(enabled, bool) else None
    return found


def edited(document: Mapping[str, Any], changes: Mapping[str, bool]) -> str:
    """Return the document as text with these flags set, all else as it was."""
    values = {name: dict(value) for name, value in document["values"].items()}
    for name, enabled in changes.items():
        values[name] = {**values.get(name, {}), "enabled": enabled}
    return json.dumps({**document, "values": values}, ensure_ascii=False)
