"""Every alert of an inventory, pack by pack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from alerts import (
    api_health_rules,
    api_rules,
    bucket_rules,
    cost_rules,
    data_rules,
    deployment_rules,
    engine_rules,
    escalation,
    exporter_rules,
    flag_rules,
    function_rules,
    influxdb_load_rules,
    influxdb_rules,
    lambda_rules,
    log_rules,
    maintenance_rules,
    missing_data,
    processing_rules,
    security_rules,
    slo,
    stuck_rules,
    upkeep_rules,
)
from alerts.rule import AlertRule
from inventory.model import Inventory

PACKS: tuple[tuple[str, Callable[[Inventory], tuple[AlertRule, ...]]], ...] = (
    ("lambda", lambda_rules.rules),
    ("flags", flag_rules.rules),
    ("functions", function_rules.rules),
    ("deployments", deployment_rules.rules),
    ("stuck", stuck_rules.rules),
    ("api", api_rules.rules),
    ("api-health", api_health_rules.rules),
    ("logs", log_rules.rules),
    ("processing", processing_rules.rules),
    ("buckets", bucket_rules.rules),
    ("data", data_rules.rules),
    ("influxdb", influxdb_rules.rules),
    ("influxdb-load", influxdb_load_rules.rules),
    ("cost", cost_rules.rules),
    ("upkeep", upkeep_rules.rules),
    ("security", security_rules.rules),
    ("maintenance", maintenance_rules.rules),
    ("objectives", slo.rules),
    ("missing-data", missing_data.rules),
    ("exporter", exporter_rules.rules),
    ("engine", engine_rules.rules),
    ("escalation", escalation.rules),
)


class PlaybookError(ValueError):
    """A playbook cannot be set off as the inventory says; one line says why."""


def packs(inventory: Inventory) -> dict[str, tuple[AlertRule, ...]]:
    """Return the alerts by pack, each with the playbook that the inventory gives it.

    Raises:
        PlaybookError: if a playbook names an alert that does not exist, or two the same.
    """
    playbooks: dict[str, str] = {}
    for playbook in inventory.playbooks:
        for alert in playbook.alerts:
            if playbooks.setdefault(alert, playbook.name) != playbook.name:
                raise PlaybookError(
                    f"playbooks {playbooks[alert]} and {playbook.name} share {alert}"
                )
    found = {
        name: tuple(replace(rule, playbook=playbooks.get(rule.name)) for rule in build(inventory))
        for name, build in PACKS
    }
    unknown = playbooks.keys() - {rule.name for pack in found.values() for rule in pack}
    if unknown:
        raise PlaybookError(f"playbooks name unknown alerts: {', '.join(sorted(unknown))}")
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
