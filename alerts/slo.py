"""Objectives: how fast the error budget burns, over a long and a short window together.

After the multiwindow, multi-burn-rate alerts of Google's SRE workbook, chapter 5. Bad and all
events are recorded apart and divided as sums: an average of ratios lets one idle 0/0 speak for a
whole window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.metrics import MetricSpec, RecordedSpec
from catalogue.promql import (
    Match,
    Selector,
    Vector,
    above,
    aggregate,
    at_least,
    binary,
    both,
    either,
    increase,
    is_above,
    minus,
    once,
    over,
    ratio,
    rounded,
    series,
    times,
)
from catalogue.text import Text
from catalogue.texts import alerts_cost as texts
from exporter.collectors import api_gateway, influxdb, lambda_functions
from inventory.model import BurnWindow, Inventory, Objective

OBJECTIVE = "objective"
RECORDS_STALE = RecordedSpec(
    "dataplatform:influxdb_records_stale:bool",
    (),
    Text(
        "1 se alguma medição tem dados mais velhos do que o limite",
        "1 if some measurement's data are older than the limit",
    ),
)


class Select(Protocol):
    """How a family's series are selected: all of them, or those that a dashboard's viewer chose."""

    def __call__(
        self,
        family: MetricSpec,
        matchers: Mapping[str, str | Match] | None = None,
        *,
        sample: str = "",
    ) -> Selector:
        """Return the selector."""
        ...


Events = Callable[[Select, str], Vector]
"""How many events a window holds, all in one number."""


@dataclass(frozen=True)
class Slo:
    """A named objective, and how its bad and all its events are counted."""

    name: str
    alert: str
    what: Text
    objective: Objective
    bad: Events
    total: Events
    panel: Panel = Panel.BUDGET_LEFT

    @property
    def budget(self) -> float:
        """The share of events that may be bad."""
        return 1 - self.objective.target


def slos(inventory: Inventory) -> tuple[Slo, ...]:
    """Return the inventory's objectives with their counters.

    Raises:
        ValueError: if the latency of writes is judged by what their histogram cannot tell.
    """
    objectives = inventory.objectives
    requests = counted(api_gateway.REQUESTS)
    accepted = counted(influxdb.WRITE_LATENCY, sample="count")
    refused = counted(influxdb.WRITE_ERRORS)
    return (
        Slo(
            "lambda_success",
            "LambdaBudgetBurn",
            Text("Invocações das funções", "Invocations of the functions"),
            objectives.lambda_success,
            counted(lambda_functions.ERRORS),
            counted(lambda_functions.INVOCATIONS),
        ),
        Slo(
            "api_latency",
            "ApiBudgetBurn",
            Text("Latência da API", "Latency of the API"),
            objectives.api_latency,
            counted(api_gateway.SLOW_REQUESTS),
            requests,
        ),
        Slo(
            "api_availability",
            "ApiAvailabilityBurn",
            Text("Disponibilidade da API", "Availability of the API"),
            objectives.api_availability,
            counted(api_gateway.ERRORS, {"class": "5xx"}),
            requests,
        ),
        Slo(
            "influxdb_write_success",
            "InfluxWriteBurn",
            Text("Escritas de teste no InfluxDB", "Canary writes to InfluxDB"),
            objectives.influxdb_write_success,
            refused,
            _sum(accepted, refused),
        ),
        Slo(
            "influxdb_write_latency",
            "InfluxLatencyBurn",
            Text("Latência das escritas no InfluxDB", "Latency of InfluxDB's writes"),
            objectives.influxdb_write_latency,
            _slower(influxdb.WRITE_LATENCY, objectives.influxdb_write_latency.below),
            accepted,
        ),
        Slo(
            "pipeline_freshness",
            "PipelineFreshnessBurn",
            Text("Atualidade dos dados de energia", "Freshness of the energy data"),
            objectives.pipeline_freshness,
            _in_time("sum_over_time"),
            _in_time("count_over_time"),
        ),
    )


def counted(
    spec: MetricSpec, where: Mapping[str, str | Match] | None = None, sample: str = ""
) -> Events:
    """Return events that a counter counts, each replica's but once."""

    def grown(select: Select, window: str) -> Vector:
        counter = select(spec, where, sample=sample)
        return aggregate("sum", once(counter, increase(counter, window)))

    return grown


def _sum(always: Events, sometimes: Events) -> Events:
    """Return both kinds of events: where nobody counted any of the second there are none."""

    def grown(select: Select, window: str) -> Vector:
        first = always(select, window)
        return binary(first, "+", either(sometimes(select, window), times(first, 0)))

    return grown


def _slower(spec: MetricSpec, limit: float) -> Events:
    if limit not in spec.buckets:
        raise ValueError(
            f"{spec.name} tells nothing of {limit:g} s: its buckets are {spec.buckets}"
        )
    every = counted(spec, sample="count")
    fast = counted(spec, {"le": str(float(limit))}, "bucket")
    return lambda select, window: minus(every(select, window), fast(select, window))


def _in_time(function: str) -> Events:
    # Judged at every evaluation: an event is a moment, and a bad one a moment with old data.
    return lambda _select, window: over(function, series(RECORDS_STALE), window)


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
    oldest = aggregate("max", series(influxdb.RECORD_AGE))
    yield RECORDS_STALE, is_above(oldest, inventory.thresholds.influxdb_record_age), {}
    for slo in slos(inventory):
        for window in burn_windows(inventory):
            labels = {OBJECTIVE: slo.name}
            total, bad = slo.total(series, window), slo.bad(series, window)
            # Events without a single bad one are all good, even where nobody counted a bad one.
            yield recorded("bad", window), either(bad, times(total, 0)), labels
            yield recorded("total", window), total, labels


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
