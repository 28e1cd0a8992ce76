"""The silences of a maintenance window: the inventory's services, until a hard end, nothing else.

Matchers of one silence must all hold, so there is one silence for each label that names a service.
Each also excludes the alerts of Vigia about itself and those of security, by their name and, for
an escalation, by the name of what it escalates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from catalogue.silences import (
    CREATED_BY,
    ESCALATED,
    MAINTENANCE,
    SECURITY_ALERTS,
    SECURITY_TEAM,
    SELF_ALERTS,
    UNLABELLED_ALERTS,
)
from inventory.model import Inventory
from remediations.alertmanager import Alertmanager
from remediations.ledger.windows import Window

_NEVER = (*SELF_ALERTS, *SECURITY_ALERTS)


def services(inventory: Inventory) -> dict[str, tuple[str, ...]]:
    """Return the values of each label that names a service of the inventory."""
    instance = inventory.influxdb.instance
    named = {
        "function": inventory.function_names,
        "api": tuple(api.key for api in inventory.apis),
        "bucket": (*(bucket.key for bucket in inventory.buckets), inventory.influxdb.bucket),
        "rule": tuple(rule.key for rule in inventory.rules),
        "state_machine": tuple(machine.key for machine in inventory.state_machines),
        "instance_id": (instance,),
        "objective": tuple(inventory.objectives.by_name),
        "alertname": UNLABELLED_ALERTS,
        ESCALATED: UNLABELLED_ALERTS,
    }
    return {label: values for label, values in named.items() if values}


def documents(inventory: Inventory, window: Window) -> Iterator[dict[str, Any]]:
    """Yield the silences of a window as Alertmanager takes them."""
    for label, values in services(inventory).items():
        yield {
            "matchers": [
                _matcher("environment", [inventory.environment]),
                _matcher(label, values),
                _matcher("alertname", _NEVER, equal=False),
                _matcher(ESCALATED, _NEVER, equal=False),
                _matcher("team", [SECURITY_TEAM], equal=False),
            ],
            "startsAt": datetime.fromtimestamp(window.since, UTC).isoformat(),
            "endsAt": datetime.fromtimestamp(window.until, UTC).isoformat(),
            "createdBy": CREATED_BY,
            "comment": f"{MAINTENANCE} {window.reason} ({window.id})",
        }


def _matcher(name: str, values: Sequence[str], *, equal: bool = True) -> dict[str, Any]:
    pattern = "|".join(re.escape(value) for value in values)
    return {"name": name, "value": pattern, "isRegex": True, "isEqual": equal}


def held(alertmanager: Alertmanager) -> list[dict[str, Any]]:
    """Return the silences of ours that are in force; raises UnavailableError."""
    return [one for one in alertmanager.silences() if one["createdBy"] == CREATED_BY]


def of_maintenance(alertmanager: Alertmanager) -> list[dict[str, Any]]:
    """Return those that a maintenance window made; raises UnavailableError."""
    return [one for one in held(alertmanager) if one["comment"].startswith(MAINTENANCE)]


def impose(alertmanager: Alertmanager, inventory: Inventory, window: Window) -> int:
    """Let the window's silences be in force until its end; return how many there are.

    What is there already, of an earlier try or before the window was prolonged, is kept and given
    the window's end. Raises UnavailableError.
    """
    there = {
        _about(one): {"id": one["id"], "startsAt": one["startsAt"]}
        for one in of_maintenance(alertmanager)
        if one["comment"].endswith(f"({window.id})")
    }
    wanted = list(documents(inventory, window))
    for document in wanted:
        # Alertmanager changes a silence in place only where its start is named as it is.
        alertmanager.silence({**document, **there.get(_about(document), {})})
    return len(wanted)


def _about(silence: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((one["name"], one["value"]) for one in silence["matchers"])


def lift(alertmanager: Alertmanager) -> int:
    """End every silence of ours for maintenance; return how many. Raises UnavailableError."""
    found = of_maintenance(alertmanager)
    for one in found:
        alertmanager.expire(one["id"])
    return len(found)
