"""Prometheus' configuration: what it scrapes, which rules it holds, whom it tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts import documents
from alerts.rule import EXPORTER_JOB, REMEDIATIONS_JOB
from inventory.durations import format_duration
from inventory.model import Inventory


def prometheus(inventory: Inventory, *, rule_files: Sequence[str]) -> str:
    """Return ``prometheus.yml``; ``rule_files`` are paths as Prometheus sees them."""
    alerting = inventory.alerting
    return documents.yaml_text(
        {
            "global": {
                "scrape_interval": format_duration(alerting.scrape_interval),
                "evaluation_interval": format_duration(alerting.evaluation_interval),
                "external_labels": {"environment": inventory.environment},
            },
            "rule_files": list(rule_files),
            "alerting": {
                "alertmanagers": [_targets(alerting.alertmanager_address)],
            },
            "scrape_configs": [
                {"job_name": EXPORTER_JOB, **_targets(alerting.exporter_address)},
                {"job_name": REMEDIATIONS_JOB, **_targets(alerting.remediations_address)},
            ],
        }
    )


def _targets(address: str) -> dict[str, Any]:
    return {"static_configs": [{"targets": [address]}]}
