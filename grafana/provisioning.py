"""What Grafana reads at its start: where Prometheus is, and where the dashboards lie."""

from __future__ import annotations

from alerts.documents import yaml_text
from inventory.durations import format_duration
from inventory.model import Inventory

DASHBOARDS = "/var/lib/grafana/dashboards"


def datasources(inventory: Inventory) -> str:
    """Return the data source provisioning."""
    alerting = inventory.alerting
    return yaml_text(
        {
            "apiVersion": 1,
            "datasources": [
                {
                    "name": "Prometheus",
                    "uid": "vigia-prometheus",
                    "type": "prometheus",
                    "access": "proxy",
                    "url": alerting.prometheus_url,
                    "isDefault": True,
                    "editable": False,
                    # Grafana's rate interval is never shorter than four of these.
                    "jsonData": {"timeInterval": format_duration(alerting.scrape_interval)},
                }
            ],
        }
    )


def dashboards() -> str:
    """Return the dashboard provisioning."""
    return yaml_text(
        {
            "apiVersion": 1,
            "providers": [
                {
                    "name": "Vigia",
                    "folder": "Vigia",
                    "type": "file",
                    "disableDeletion": True,
                    "allowUiUpdates": False,
                    "options": {"path": DASHBOARDS},
                }
            ],
        }
    )
