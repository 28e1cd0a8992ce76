"""What the dashboards mark on their time axes."""

from __future__ import annotations

from catalogue.promql import Vector, above, equals, once, times
from exporter.collectors import lambda_functions, maintenance
from grafana.asking import grown
from grafana.panel import select
from remediations import telemetry as remediations


def marks() -> dict[str, Vector]:
    """Return the annotation queries.

    ``deployments`` are when aliases moved (in milliseconds), ``runs`` what the engine ended,
    ``maintenance`` while a window is open.
    """
    moved = once(select(lambda_functions.ALIAS_CHANGED))
    return {
        "deployments": times(moved, 1000),
        "runs": above(grown(remediations.RUNS_TOTAL), 0),
        "maintenance": equals(once(select(maintenance.ACTIVE)), 1),
    }
