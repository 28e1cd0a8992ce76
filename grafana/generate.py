"""Every generated file of the dashboards, as text by its path."""

from __future__ import annotations

from alerts.rule import LOCALES
from catalogue.text import Locale
from grafana import provisioning
from grafana.dashboard import dashboard_json
from grafana.listing import BOARDS, BoardSpec
from inventory.model import Inventory

GENERATED = "grafana/generated"
DASHBOARDS = f"{GENERATED}/dashboards"


def files(inventory: Inventory) -> dict[str, str]:
    """Return dashboards and provisioning by path below the repository's root."""
    return {
        **{
            f"{DASHBOARDS}/{spec.board.value}.{locale}.json": dashboard_json(
                inventory, spec, locale
            )
            for spec in BOARDS
            for locale in LOCALES
        },
        f"{GENERATED}/provisioning/datasources/prometheus.yml": provisioning.datasources(inventory),
        f"{GENERATED}/provisioning/dashboards/vigia.yml": provisioning.dashboards(),
    }


def _path(spec: BoardSpec, locale: Locale) -> str:
    return f"{DASHBOARDS}/{spec.board.value}.{locale}.json"
