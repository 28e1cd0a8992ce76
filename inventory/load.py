"""Loading the inventory: every error at once, each with its line and column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from inventory.model import Inventory, Playbook
from inventory.resources import Api, CustomMetric, Resource, Scope
from inventory.source import InventoryError, Path_, Problem, Source, read_source

__all__ = ["InventoryError", "Problem", "load_inventory"]

_RESOURCES = ("functions", "apis", "buckets", "rules", "state_machines")
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
    yield from _foreign_scopes(inventory)
    yield from _repeated_names(inventory)
    yield from _mixed_families(inventory)
    flag = inventory.appconfig.maintenance_flag
    if flag is not None and flag not in {known.name for known in inventory.appconfig.flags}:
        yield ("appconfig", "maintenance_flag"), f"unknown flag '{flag}'"
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
        if playbook.action != "rollback_function":
            continue
        for index, name in enumerate(playbook.targets):
            at = ("playbooks", number, "targets", index)
            if name not in known:
                yield at, f"unknown function '{name}'"
            elif not inventory.function(name).follow_alias:
                yield at, f"'{name}' cannot be rolled back: its alias is not followed"
            elif inventory.function(name).scope is not None:
                yield at, f"'{name}' cannot be acted on: actions reach the main account alone"


def _foreign_scopes(inventory: Inventory) -> Iterator[tuple[Path_, str]]:
    known = {None, *(scope.name for scope in inventory.scopes)}
    for section in (*_RESOURCES, "metrics"):
        for number, item in enumerate(getattr(inventory, section)):
            if item.scope not in known:
                yield (section, number, "scope"), f"unknown scope '{item.scope}'"


def _repeated_names(inventory: Inventory) -> Iterator[tuple[Path_, str]]:
    for section in (*_RESOURCES, "playbooks", "scopes"):
        entries = [_identity(item) for item in getattr(inventory, section)]
        counts = Counter(entries)
        for number, name in enumerate(entries):
            if counts[name] > 1:
                yield (section, number, "name"), f"'{name}' stands in {section} more than once"


def _identity(item: Resource | Playbook | Scope) -> str:
    if isinstance(item, Api):
        return f"{item.key}/{item.stage}"
    return item.key if isinstance(item, Resource) else item.name


def _mixed_families(inventory: Inventory) -> Iterator[tuple[Path_, str]]:
    """Find entries of ``metrics`` that share a name but cannot be one family."""
    first: dict[str, CustomMetric] = {}
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    for number, metric in enumerate(inventory.metrics):
        known = first.setdefault(metric.name, metric)
        alike = (known.kind, known.help, set(known.labels)) == (
            metric.kind,
            metric.help,
            set(metric.labels),
        )
        if not alike:
            yield ("metrics", number, "name"), f"'{metric.name}' has another kind, help or labels"
        series = (metric.name, frozenset(metric.labels.items()))
        if series in seen:
            yield ("metrics", number, "labels"), f"'{metric.name}' has these labels already"
        seen.add(series)
