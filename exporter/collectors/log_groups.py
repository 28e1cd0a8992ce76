"""Log groups: how long they keep what they hold, and how much that is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.collector import CollectError, Collector, Context, Priority, Reading, Reason, Use
from exporter.places import Place, places
from exporter.samples import Series
from inventory.model import Inventory

GROUPS = MetricSpec(
    "dataplatform_log_groups",
    Kind.GAUGE,
    ("account", "region"),
    Text("Grupos de log vigiados", "Log groups that are watched"),
)
WITHOUT_RETENTION = MetricSpec(
    "dataplatform_log_groups_without_retention",
    Kind.GAUGE,
    ("account", "region"),
    Text(
        "Grupos de log vigiados que guardam tudo para sempre",
        "Watched log groups that keep everything for ever",
    ),
)
STORED = MetricSpec(
    "dataplatform_log_groups_stored_bytes",
    Kind.GAUGE,
    ("account", "region"),
    Text("Bytes guardados pelos grupos de log vigiados", "Bytes stored by the watched log groups"),
)
GROUP_RETENTION = MetricSpec(
    "dataplatform_log_group_retention_seconds",
    Kind.GAUGE,
    ("log_group",),
    Text(
        "Retenção do grupo de log de uma função; +Inf se guarda para sempre",
        "Retention of a function's log group; +Inf if it keeps for ever",
    ),
)
GROUP_STORED = MetricSpec(
    "dataplatform_log_group_stored_bytes",
    Kind.GAUGE,
    ("log_group",),
    Text("Bytes guardados pelo grupo de log de uma função", "Bytes stored by a function's group"),
)
SPECS = (GROUPS, WITHOUT_RETENTION, STORED, GROUP_RETENTION, GROUP_STORED)

_NAME = "log_groups"
_DAY = 86_400.0
_PAGE = 50


@dataclass(frozen=True)
class Group:
    """A log group: its retention in seconds, infinite where none is set, and its bytes."""

    retention: float
    stored: int


def parse(pages: list[dict[str, Any]]) -> dict[str, Group]:
    """Read the pages of DescribeLogGroups by the groups' names."""
    return {
        group["logGroupName"]: Group(
            float(group["retentionInDays"]) * _DAY if "retentionInDays" in group else math.inf,
            int(group.get("storedBytes", 0)),
        )
        for page in pages
        for group in page["logGroups"]
    }


def collect(context: Context) -> Reading:
    """Describe the groups of every prefix in every place, and those of the functions by name."""
    inventory = context.inventory
    own = _own(inventory)
    series: list[Series] = []
    missing = set(own)
    for place in places(inventory):
        wanted = {key: name for key, (where, name) in own.items() if where == place}
        found: dict[str, Group] = {}
        for prefix in _asked(inventory, place):
            found |= parse(list(_pages(context, place, prefix)))
        series += _sums(inventory, place, found)
        for key, name in wanted.items():
            if name in found:
                missing.remove(key)
                series.append(Series(GROUP_RETENTION, (key,), found[name].retention))
                series.append(Series(GROUP_STORED, (key,), float(found[name].stored)))
    return Reading(
        tuple(series),
        expected=len(own),
        seen=len(own) - len(missing),
        missing=tuple(key for key in own if key in missing),
    )


def _own(inventory: Inventory) -> dict[str, tuple[Place, str]]:
    """Return where each group of a function is, by its label."""
    known = {(place.account, place.region): place for place in places(inventory)}
    found = {}
    for function in inventory.functions:
        aws = inventory.scope(function.scope)
        suffix = "" if function.scope is None else f"@{function.scope}"
        place = known[aws.account, aws.region]
        found[f"{function.log_group}{suffix}"] = (place, function.log_group)
    return found


def _asked(inventory: Inventory, place: Place) -> tuple[str, ...]:
    """Return the fewest prefixes that hold all groups wanted of a place."""
    names = {name for where, name in _own(inventory).values() if where == place}
    wanted = sorted({*inventory.log_groups.prefixes, *names})
    shortest: list[str] = []
    for prefix in wanted:
        if not shortest or not prefix.startswith(shortest[-1]):
            shortest.append(prefix)
    return tuple(shortest)


def _pages(context: Context, place: Place, prefix: str) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {"logGroupNamePrefix": prefix, "limit": _PAGE}
    while True:
        if context.remaining() <= 0:
            raise CollectError(Reason.TIMEOUT, "no time left for DescribeLogGroups")
        page = context.client("logs", place.scope).describe_log_groups(**request)
        yield page
        if not page.get("nextToken"):
            return
        request["nextToken"] = page["nextToken"]


def _sums(inventory: Inventory, place: Place, found: Mapping[str, Group]) -> Iterator[Series]:
    # A function's group may lie outside the prefixes: it is not one of those watched by them.
    watched = [g for name, g in found.items() if name.startswith(inventory.log_groups.prefixes)]
    labels = (place.account, place.region)
    endless = sum(1 for group in watched if math.isinf(group.retention))
    yield Series(GROUPS, labels, float(len(watched)))
    yield Series(WITHOUT_RETENTION, labels, float(endless))
    yield Series(STORED, labels, float(sum(group.stored for group in watched)))


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends: a page of fifty groups for each prefix in each place."""
    calls = sum(len(_asked(inventory, place)) for place in places(inventory))
    return (Use("logs", "DescribeLogGroups", calls),)


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("logs:DescribeLogGroups",),
    every=lambda inventory: inventory.collection.resources_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda _inventory: 60.0,
    collect=collect,
    uses=uses,
    priority=Priority.DETAIL,
    splits=False,
)
