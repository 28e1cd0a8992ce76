"""The two Compose stacks as they would run: the account's, and that of the embedded platform."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILES = {
    "account": (ROOT / "compose.yaml",),
    "embedded": (ROOT / "compose.yaml", ROOT / "deploy/compose/embedded.yaml"),
}
_PROFILES = {"account": frozenset[str](), "embedded": frozenset({"embedded"})}


def stack(name: str) -> dict[str, Any]:
    """Return a stack, its files laid over each other and its profile asked for."""
    first, *others = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES[name])
    merged: dict[str, Any] = copy.deepcopy(first)
    for other in others:
        merged = _over(merged, other)
    for service in merged["services"].values():
        if _PROFILES[name].intersection(service.get("profiles", ())):
            del service["profiles"]
    return merged


def _over(base: Any, extra: Any) -> Any:
    """Lay ``extra`` over ``base`` as Compose does: maps by key, mounts by target, lists joined."""
    if isinstance(base, Mapping) and isinstance(extra, Mapping):
        return {
            key: _over(base.get(key), extra.get(key)) if key != "volumes" else _mounts(base, extra)
            for key in {**base, **extra}
        }
    if isinstance(base, list) and isinstance(extra, list):
        return [*base, *(one for one in extra if one not in base)]
    return base if extra is None else extra


def _mounts(base: Mapping[str, Any], extra: Mapping[str, Any]) -> Any:
    one, other = base.get("volumes"), extra.get("volumes")
    if not isinstance(one, list) or not isinstance(other, list):
        return _over(one, other)
    return list({entry.split(":")[1]: entry for entry in (*one, *other)}.values())


def running(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the services that start: those of no profile, or of one that was asked for."""
    return {name: one for name, one in found["services"].items() if not one.get("profiles")}


def ours(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the running services that are built from the Dockerfile."""
    return {name: one for name, one in running(found).items() if "build" in one}
