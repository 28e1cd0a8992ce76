"""Objectives: how fast the error budget burns, over a long and a short window together.

After the multiwindow, multi-burn-rate alerts of Google's SRE workbook, chapter 5. Bad and all
events are recorded apart and divided as sums: an average of ratios lets one idle 0/0 speak for a
whole window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.metrics import MetricSpec, RecordedSpec
from catalogue.promql import (
    Selector,
    Vector,
    above,
    aggregate,
    at_least,
    both,
    either,
    increase,
    once,
    ratio,
    rounded,
    series,
    times,
)
from catalogue.text import Text
from catalogue.texts import alerts as texts
from exporter.collectors import api_gateway, lambda_functions
from inventory.model import BurnWindow, Inventory, Objective

OBJECTIVE = "objective"


@dataclass(frozen=True)
class Slo:
    """A named objective, and the counters of its bad and of all its events."""

    name: str
    alert: str
    what: Text
    objective: Objective
    bad: MetricSpec
    total: MetricSpec
    panel: Panel

    @property
    def budget(self) -> float:
        """The share of events that may be bad."""
        return 1 - self.objective.target


def slos(inventory: Inventory) -> tuple[Slo, ...]:
    """Return the inventory's objectives with their counters."""
    return (
        Slo(
            name="lambda_success",
            alert="LambdaBudgetBurn",
            what=Text("Invocações das funções", "Invocations of the functions"),
            objective=inventory.objectives.lambda_success,
            bad=lambda_functions.ERRORS,
            total=lambda_functions.INVOCATIONS,
            panel=Panel.BUDGET_LEFT,
        ),
        Slo(
            name="api_latency",
            alert="ApiBudgetBurn",
            what=Text("Latência da API", "Latency of the API"),
            objective=inventory.objectives.api_latency,
            bad=api_gateway.SLOW_REQUESTS,
            total=api_gateway.REQUESTS,
            panel=Panel.BUDGET_LEFT,
        ),
    )


def recorded(what: str, window: str) -> RecordedSpec:
    """Return the series that holds the increase of ``bad`` or ``total`` events over ``window``."""
    return RecordedSpec(
        f"dataplatform:slo_{what}:increase{window}",
        (OBJECTIVE,),
        Text("Eventos do objetivo na janela", "Events of the objective in the window"),
    )


def burn_windows(inventory: Inventory) -> tuple[str, ...]:
    """Return every window that burn rates are judged over, once each, shortest first."""
    seconds = {
        windows.spanning(inventory, length)
        for window in inventory.objectives.windows
        for length in (window.long, window.short)
    }
    return tuple(windows.text(length) for length in sorted(seconds))


def recordings(inventory: Inventory) -> Iterator[tuple[RecordedSpec, Vector, dict[str, str]]]:
    """Yield what to record for the burn rates: the series, its expression, its labels."""
    for slo in slos(inventory):
        for window in burn_windows(inventory):
            labels = {OBJECTIVE: slo.name}
            total, bad = _growth(slo.total, window), _growth(slo.bad, window)
            # Events without a single bad one are all good, even where nobody counted a bad one.
            yield recorded("bad", window), either(bad, times(total, 0)), labels
            yield recorded("total", window), total, labels


def _growth(spec: MetricSpec, window: str) -> Vector:
    counter = series(spec)
    return aggregate("sum", once(counter, increase(counter, window)))


def factor(inventory: Inventory, window: BurnWindow) -> float:
    """Return the burn rate that spends the window's share of the budget in its long window."""
    return window.budget_share * inventory.objectives.period / window.long


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return two alerts an objective: burning fast pages, burning slowly is a ticket."""
    return tuple(
        _burn(inventory, slo, severity, chosen)
        for slo in slos(inventory)
        for severity in (Severity.PAGE, Severity.TICKET)
        if (
            chosen := tuple(
                window
                for window in inventory.objectives.windows
                if window.severity == severity.value
            )
        )
    )


def _burn(
    inventory: Inventory, slo: Slo, severity: Severity, chosen: tuple[BurnWindow, ...]
) -> AlertRule:
    fast = severity is Severity.PAGE
    return AlertRule(
        name=f"{slo.alert}{'Fast' if fast else 'Slow'}",
        expr=either(*(_burning(inventory, slo, window) for window in chosen)),
        severity=severity,
        team=inventory.contacts.levels[0].team,
        texts=texts.BUDGET_BURN_FAST if fast else texts.BUDGET_BURN_SLOW,
        panel=slo.panel,
        keep_firing_for=windows.gap(inventory),
        shown=Shown.RATIO,
        values={
            "what": slo.what.in_(inventory.locale),
            "period": windows.text(inventory.objectives.period),
        },
    )


def _burning(inventory: Inventory, slo: Slo, window: BurnWindow) -> Vector:
    limit = factor(inventory, window) * slo.budget
    this = {OBJECTIVE: slo.name}

    def events(what: str, length: float) -> Selector:
        text = windows.text(windows.spanning(inventory, length))
        return series(recorded(what, text), this)

    def share(length: float) -> Vector:
        return ratio(events("bad", length), events("total", length))

    return both(
        above(share(window.long), limit),
        above(share(window.short), limit),
        at_least(rounded(events("bad", window.long)), slo.objective.min_bad_events),
    )
