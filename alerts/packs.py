"""Every alert of an inventory, pack by pack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from alerts import (
    api_rules,
    cost_rules,
    engine_rules,
    escalation,
    flag_rules,
    influxdb_rules,
    lambda_rules,
    log_rules,
    missing_data,
    slo,
)
from alerts.rule import AlertRule
from inventory.model import Inventory

PACKS: tuple[tuple[str, Callable[[Inventory], tuple[AlertRule, ...]]], ...] = (
    ("lambda", lambda_rules.rules),
    ("flags", flag_rules.rules),
    ("api", api_rules.rules),
    ("logs", log_rules.rules),
    ("influxdb", influxdb_rules.rules),
    ("cost", cost_rules.rules),
    ("objectives", slo.rules),
    ("missing-data", missing_data.rules),
    ("engine", engine_rules.rules),
    ("escalation", escalation.rules),
)


def packs(inventory: Inventory) -> dict[str, tuple[AlertRule, ...]]:
    """Return the alerts by pack, each with the playbook that the inventory gives it.

    Raises:
        ValueError: if a playbook names an alert that does not exist, or two playbooks the same.
    """
    playbooks: dict[str, str] = {}
    for playbook in inventory.playbooks:
        for alert in playbook.alerts:
            if playbooks.setdefault(alert, playbook.name) != playbook.name:
                raise ValueError(f"playbooks {playbooks[alert]} and {playbook.name} share {alert}")
    found = {
        name: tuple(replace(rule, playbook=playbooks.get(rule.name)) for rule in build(inventory))
        for name, build in PACKS
    }
    unknown = playbooks.keys() - {rule.name for pack in found.values() for rule in pack}
    if unknown:
        raise ValueError(f"playbooks name unknown alerts: {', '.join(sorted(unknown))}")
    return found


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return every alert in order."""
    return tuple(rule for pack in packs(inventory).values() for rule in pack)


def groups(inventory: Inventory) -> list[dict[str, Any]]:
    """Return the alerts as Prometheus' rule file holds them."""
    return [
        {"name": f"vigia-{name}", "rules": [rule.document(inventory) for rule in pack]}
        for name, pack in packs(inventory).items()
    ]
