"""The inventory's JSON Schema, with which editors complete and check the file."""

from __future__ import annotations

import json
from typing import Any

from catalogue.texts import inventory as texts
from inventory.durations import Duration
from inventory.model import Inventory
from vigia.inventory_keys import Key, keys, sections
from vigia.inventory_reference import data

PATH = "docs/inventory.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DURATION: dict[str, Any] = {"type": "string", "pattern": r"^(\d+(ms|[ywdhms]))+$"}
"""How the file writes what the model holds as seconds."""


def files() -> dict[str, str]:
    """Return the schema by its path; its descriptions are those of the reference, in English."""
    return {PATH: json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"}


def schema() -> dict[str, Any]:
    """Return the schema of the inventory's file.

    Raises:
        KeyError: for a section or key without text.
    """
    document = {"$schema": _DIALECT, **Inventory.model_json_schema()}
    for section in sections():
        part = document if section is Inventory else document["$defs"][section.__name__]
        part["description"] = texts.SECTIONS[section.__name__].about.en
        for key in keys(section):
            part["properties"][key.name] = _property(key, part["properties"][key.name])
    return document


def _property(key: Key, found: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in found.items() if name not in {"title", "default"}}
    if key.kind == Duration:
        kept = {"anyOf": [_DURATION, {"type": "null"}]} if key.is_optional else dict(_DURATION)
    kept["description"] = texts.SECTIONS[key.owner.__name__].keys[key.name].en
    if not key.field.is_required() and key.field.default is not None:
        kept["default"] = data(key.field.default, key.kind)
    return kept
