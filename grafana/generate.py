"""Every generated file of the dashboards, as text by its path."""

from __future__ import annotations

from alerts.rule import LOCALES
from grafana import provisioning
from grafana.dashboard import dashboard_json
from inventory.model import Inventory

GENERATED = "grafana/generated"


def files(inventory: Inventory) -> dict[str, str]:
    """Return dashboards and provisioning by path below the repository's root."""
    return {
        **{
            f"{GENERATED}/overview.{locale}.json": dashboard_json(inventory, locale)
            for locale in LOCALES
        },
        f"{GENERATED}/provisioning/datasources/prometheus.yml": provisioning.datasources(inventory),
        f"{GENERATED}/provisioning/dashboards/vigia.yml": provisioning.dashboards(),
    }
