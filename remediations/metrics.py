"""The service's ``/metrics``: everything is counted from the ledger, so it survives a restart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from sqlalchemy.exc import SQLAlchemyError

from catalogue.metrics import Kind, MetricSpec
from inventory.clock import Clock
from remediations import telemetry as t
from remediations.engine import Engine
from remediations.guards import REASONS
from remediations.ledger.counts import TRUNCATED
from remediations.ledger.store import Ledger
from remediations.ledger.switches import Switch
from remediations.model import Decision, Outcome, State

_NEEDS_HUMAN_FOR = 4 * 3600.0
_PHASES = ("decide", "act", "verify")


class LedgerMetrics:
    """A collector of prometheus-client. A ledger that is away shows as ``vigia_ledger_up`` 0."""

    def __init__(
        self, ledger: Ledger, engine: Engine, actions: Iterable[str], clock: Clock, pause_file: Path
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._actions = tuple(actions)
        self._clock = clock
        self._pause_file = pause_file

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        try:
            found = [*self._deliveries(), *self._runs(), *self._now()]
        except SQLAlchemyError:
            yield _gauge(t.LEDGER_UP, {(): 0.0})
            return
        yield from found
        yield _gauge(t.LEDGER_UP, {(): 1.0})

    def _deliveries(self) -> Iterator[Metric]:
        decisions = self._ledger.facts.decisions()
        yield _counter(t.DELIVERIES, {(d.value,): decisions.get(d.value, 0) for d in Decision})
        yield _counter(t.TRUNCATED, {(): self._ledger.facts.count(TRUNCATED)})

    def _runs(self) -> Iterator[Metric]:
        facts = self._ledger.facts
        ended: dict[tuple[str, ...], int] = {
            (action, o.value): 0 for action in self._actions for o in Outcome
        }
        yield _counter(t.RUNS_TOTAL, ended | facts.outcomes())
        open_runs = facts.runs(open_only=True, limit=10_000)
        states = Counter(run.state.value for run in open_runs)
        yield _gauge(
            t.RUNS, {(s.value,): float(states[s.value]) for s in State if s is not State.CLOSED}
        )
        yield _gauge(
            t.RUN_BLOCKED,
            {
                (run.action, run.target, run.reason or ""): 1.0
                for run in open_runs
                if run.state is State.BLOCKED
            },
        )
        held = dict.fromkeys(REASONS, 0) | facts.blocks()
        yield _counter(t.BLOCKS, {(reason,): times for reason, times in held.items()})
        yield _gauge(t.APPROVALS_PENDING, {(): float(states[State.AWAITING_APPROVAL.value])})
        since = self._clock.now() - _NEEDS_HUMAN_FOR
        yield _gauge(t.RUN_NEEDS_HUMAN, dict.fromkeys(facts.need_human(since), 1.0))
        yield _durations(self._actions, facts.phases())

    def _now(self) -> Iterator[Metric]:
        now = self._clock.now()
        switch = self._ledger.switches.get(Switch.PAUSE, now)
        paused = switch.engaged or self._pause_file.exists()
        yield _gauge(t.KILL_SWITCH, {(): float(paused)})
        yield _gauge(t.ESCALATIONS_PENDING, {(): float(self._ledger.escalations.pending())})
        if self._engine.last_cycle is not None:
            yield _gauge(t.ENGINE_CYCLE, {(): self._engine.last_cycle})


def _gauge(spec: MetricSpec, values: dict[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(spec.name, spec.help.en, labels=spec.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _counter(spec: MetricSpec, values: dict[tuple[str, ...], int]) -> Metric:
    if spec.kind is not Kind.COUNTER:
        raise ValueError(f"{spec.name} is not a counter")
    family = CounterMetricFamily(spec.name, spec.help.en, labels=spec.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _durations(actions: Iterable[str], phases: list[tuple[str, str, float]]) -> Metric:
    spec = t.RUN_DURATION
    family = HistogramMetricFamily(spec.name, spec.help.en, labels=spec.labels)
    for action in actions:
        for phase in _PHASES:
            seconds = [s for a, p, s in phases if (a, p) == (action, phase)]
            buckets = [(str(b), float(sum(s <= b for s in seconds))) for b in spec.buckets]
            family.add_metric(
                (action, phase), [*buckets, ("+Inf", float(len(seconds)))], sum(seconds)
            )
    return family


def registry_of(metrics: LedgerMetrics) -> CollectorRegistry:
    """Return a registry with the ledger's and the process's metrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


def render(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Return the exposition in the format that ``accept`` asks for, and its content type."""
    encoder, content_type = choose_encoder(accept)
    return encoder(registry), content_type
