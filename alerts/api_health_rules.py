"""API Gateway: the health address, its certificate, the cache."""

from __future__ import annotations

from functools import partial

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.promql import below, equals, once, series, unless, until
from catalogue.texts import alerts_api as texts
from exporter.collectors import api_probe, api_stages
from inventory.durations import format_duration
from inventory.model import Inventory

_CACHE_PATIENCE = 1800.0
"""Creating a cache takes about four minutes and can take longer (API Gateway's guide, caching)."""


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on what an API's stage answers and how it is set up."""
    rule = partial(
        AlertRule,
        team=inventory.contacts.levels[0].team,
        keep_firing_for=windows.gap(inventory),
    )
    down = windows.runs(inventory, inventory.collection.probe_every)
    left = inventory.thresholds.certificate_left
    patience = windows.runs(inventory, max(_CACHE_PATIENCE, inventory.collection.slow_every), 1)
    expiry = once(series(api_probe.CERTIFICATE))
    cached = equals(once(series(api_stages.CACHE_ENABLED)), 1)
    available = equals(once(series(api_stages.CACHE_STATE, {"state": "available"})), 1)
    return (
        rule(
            name="ApiProbeDown",
            expr=equals(once(series(api_probe.UP)), 0),
            severity=Severity.PAGE,
            texts=texts.PROBE_DOWN,
            panel=Panel.API_HEALTH,
            for_=down,
            threshold=1,
            values={"limit": windows.text(down)},
        ),
        rule(
            name="ApiCertificateExpiring",
            expr=below(until(expiry), left),
            severity=Severity.TICKET,
            texts=texts.CERTIFICATE_EXPIRING,
            panel=Panel.API_CERTIFICATE,
            threshold=left,
            shown=Shown.DURATION,
            values={"limit": format_duration(left)},
        ),
        rule(
            name="ApiCacheNotAvailable",
            expr=unless(cached, available, on=("api", "stage")),
            severity=Severity.TICKET,
            texts=texts.CACHE_NOT_AVAILABLE,
            panel=Panel.API_CACHE,
            for_=patience,
            values={"limit": windows.text(patience)},
        ),
    )
