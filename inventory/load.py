"""Loading the inventory: every error at once, each with its line and column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from inventory.model import Inventory
from inventory.source import InventoryError, Path_, Problem, Source, read_source

__all__ = ["InventoryError", "Problem", "load_inventory"]

_TEXTS = {
    "extra_forbidden": "unknown key '{key}'",
    "missing": "'{key}' is missing",
}


def load_inventory(path: Path, overlay: Path | None = None) -> Inventory:
    """Return the validated inventory of ``path``, with the mappings of ``overlay`` laid over it.

    Raises:
        InventoryError: with every problem found, each at its line and column.
    """
    source = read_source(path)
    if overlay is not None:
        source = source.overlaid(read_source(overlay))
    if not isinstance(source.data, dict):
        raise InventoryError((source.problem((), "the inventory must be a mapping"),))
    try:
        inventory = Inventory.model_validate(source.data)
    except ValidationError as error:
        raise InventoryError(tuple(sorted(_problems(error, source)))) from error
    crossed = tuple(source.problem(at, message) for at, message in _cross_checks(inventory))
    if crossed:
        raise InventoryError(tuple(sorted(crossed)))
    return inventory


def _problems(error: ValidationError, source: Source) -> Iterator[Problem]:
    for found in error.errors(include_url=False, include_context=False):
        path = tuple(found["loc"])
        key = path[-1] if path else "inventory"
        text = _TEXTS.get(found["type"])
        if text is None:
            yield source.problem(path, f"'{key}': {found['msg'].removeprefix('Value error, ')}")
        else:
            yield source.problem(path, text.format(key=key))


def _cross_checks(inventory: Inventory) -> Iterator[tuple[Path_, str]]:
    yield from _foreign_functions(inventory)
    yield from _repeated_names(inventory)
    try:
        ZoneInfo(inventory.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        yield ("timezone",), f"unknown time zone '{inventory.timezone}'"


def _foreign_functions(inventory: Inventory) -> Iterator[tuple[Path_, str]]:
    known = set(inventory.function_names)
    for number, log_event in enumerate(inventory.log_events):
        for index, name in enumerate(log_event.functions):
            if name not in known:
                yield ("log_events", number, "functions", index), f"unknown function '{name}'"
    for number, playbook in enumerate(inventory.playbooks):
        for index, name in enumerate(playbook.targets):
            if playbook.action == "rollback_function" and name not in known:
                yield ("playbooks", number, "targets", index), f"unknown function '{name}'"


def _repeated_names(inventory: Inventory) -> Iterator[tuple[Path_, str]]:
    for section in ("functions", "buckets", "rules", "state_machines", "playbooks"):
        counts = Counter(item.name for item in getattr(inventory, section))
        for number, item in enumerate(getattr(inventory, section)):
            if counts[item.name] > 1:
                yield (section, number, "name"), f"'{item.name}' stands in {section} more than once"
