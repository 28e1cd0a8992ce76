"""Read as seldom as may be, and every count still exact: late values, failures, outages, kills.

CloudWatch may add to a period for as long as the look-back says. Whatever came so late is counted
once, at the latest in the slow turn after it, whatever happened to the process meanwhile; errors
are exact after every run.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exporter import account_look, function_pace, periods, windows
from exporter.collector import CollectError, CollectorState, Context, Reason
from exporter.collectors import lambda_functions
from exporter.folding import closed_end
from exporter.samples import SummaryValue, Value
from exporter.sources.cloudwatch import Answer, Metric
from exporter.windows import Window
from simulator.aws.metric_store import MetricStore
from tests.exporter.support import START, Bench, compressed, values
from tests.exporter.test_exporter_crash import KilledError, Mortal, numbers
from tests.exporter.test_exporter_lambda_look import NAMES, Source, many

PERIOD, LOOKBACK, SLOW = 5, 60, 30
_BUDGET = 30.0
_COUNTERS = {
    "Invocations": "lambda_invocations_total",
    "Errors": "lambda_errors_total",
    "Throttles": "lambda_throttles_total",
}


@dataclass
class Trouble:
    """What a run meets: its ``failing`` request fails, each takes ``takes`` seconds of 30."""

    failing: int = 0
    takes: float = 0.0
    dies: int = 0


class Durable:
    """A state without a database below it: committed or not, nothing between."""

    def __init__(self) -> None:
        self._documents: dict[str, str] = {}
        self._memory: dict[str, Any] = {}

    def load(self, prefix: str = "") -> dict[str, Any]:
        """Return the documents as they are read back."""
        return {k: json.loads(v) for k, v in self._documents.items() if k.startswith(prefix)}

    def memory(self) -> dict[str, Any]:
        """Return what lasts as long as the process."""
        return self._memory

    def commit(self, changes: Mapping[str, Any]) -> None:
        """Write all documents."""
        for key, content in changes.items():
            if content is None:
                self._documents.pop(key, None)
            else:
                self._documents[key] = json.dumps(content, allow_nan=False)

    def restart(self) -> None:
        """Forget what is not durable."""
        self._memory = {}


@dataclass
class World:
    """A collector over a store of values, and what it must have counted."""

    bench: Bench
    store: MetricStore
    patched: pytest.MonkeyPatch
    state: Durable = field(default_factory=Durable)
    since: int = 0
    truth: dict[tuple[str, str], dict[int, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    asked: int = 0
    trouble: Trouble = field(default_factory=Trouble)

    def __post_init__(self) -> None:
        for module in (periods, account_look):
            self.patched.setattr(module, "fetch", self._fetch)

    def _fetch(
        self, context: Context, metrics: Sequence[Metric], window: Window
    ) -> dict[Metric, Answer]:
        self.asked += 1
        if self.asked == self.trouble.failing or context.remaining() <= 0:
            raise CollectError(Reason.SERVICE, "not today")
        return Source(self.store).fetch(context, metrics, window)

    def put(self, name: str, metric: str, ago: float, amount: int = 1) -> None:
        """Let a value appear now that is dated ``ago`` seconds back."""
        at = int(self.bench.clock.at - ago)
        if at < self.since:
            return
        where = {"FunctionName": name}
        observed = [1000.0] * amount if metric == "Duration" else [1.0] * amount
        self.store.put("AWS/Lambda", metric, where, at, observed)
        self.truth[name, metric][at] += amount

    def run(self, trouble: Trouble | None = None) -> dict[tuple[str, ...], Value] | None:
        """Collect; None where the run failed or the process was killed."""
        self.asked, self.trouble = 0, trouble or Trouble()
        context = self.bench.context("lambda")
        state: CollectorState = self.state
        if self.trouble.dies:
            state = Mortal(state, self.trouble.dies, after=bool(self.trouble.dies % 2))
        context = replace(
            context,
            state=state,
            remaining=lambda: _BUDGET - self.trouble.takes * self.asked,
        )
        try:
            return values(lambda_functions.collect(context))
        except CollectError:
            return None
        except KilledError:
            self.state.restart()
            return None

    def total(self, name: str, metric: str, end: float) -> float:
        """Return what is dated before ``end`` and was there when it was looked at."""
        return sum(n for at, n in self.truth[name, metric].items() if at < end)

    def end(self) -> int:
        """Return the end of the newest period that is believed now."""
        return closed_end(self.bench.clock.at, self.bench.inventory.collection.lag, PERIOD)


def opened(bench: Bench, patched: pytest.MonkeyPatch) -> World:
    """Return a world in which functions take turns, pieces are small, and a first run was."""
    patched.setattr(function_pace, "MAX_QUERIES", 10)
    patched.setattr(periods, "_QUERIES_AT_ONCE", 12)
    patched.setattr(windows, "_CHUNK_PERIODS", 8)
    bench.inventory = many(compressed(slow_every=float(SLOW), lookback=float(LOOKBACK)))
    bench.clock.at = START + 7
    world = World(bench, MetricStore(bench.clock.now), patched)
    assert world.run() is not None
    # The first slow period begins before the first short one.
    world.since = world.end()
    return world


def settled(world: World) -> dict[tuple[str, ...], Value]:
    """Let whatever is slow have its turn in peace, and return what is shown then."""
    found: dict[tuple[str, ...], Value] | None = None
    for _ in range(4):
        world.bench.clock.at += SLOW
        found = world.run()
    assert found is not None
    return found


def check_exact(world: World, found: Mapping[tuple[str, ...], Value]) -> None:
    """Every function's every counter is what its values add up to."""
    for name in NAMES:
        for metric, counter in _COUNTERS.items():
            wanted = world.total(name, metric, world.end())
            assert found[counter, name] == wanted, (name, metric)
        duration = found["lambda_duration_seconds", name]
        assert isinstance(duration, SummaryValue)
        wanted = world.total(name, "Duration", world.end())
        assert (duration.sum, duration.count) == (wanted, wanted), (name, "Duration")


puts = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from([*_COUNTERS, "Duration"]),
    st.integers(0, LOOKBACK),
    st.integers(1, 3),
)
troubles = st.builds(
    Trouble,
    failing=st.sampled_from([0, 0, 0, 1, 2, 4, 7]),
    takes=st.sampled_from([0.0, 0.0, 0.0, 1.0, 4.0, 11.0]),
    dies=st.sampled_from([0, 0, 0, 1, 2, 3]),
)
turns = st.tuples(
    st.sampled_from([0, 3, PERIOD, PERIOD, PERIOD, 2 * PERIOD, SLOW, LOOKBACK, 140]),
    st.lists(puts, max_size=5),
    st.none() | troubles,
)
# One request fills a run, while an outage is caught up: what is old may not be passed over.
BUSY = (
    *((PERIOD, [], None) for _ in range(12)),
    (140, [(name, "Invocations", LOOKBACK, 1) for name in NAMES], Trouble(takes=11.0)),
    *((PERIOD, [], Trouble(takes=11.0)) for _ in range(8)),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(st.lists(turns, min_size=4, max_size=12))
@example(BUSY)
def test_whatever_comes_within_the_look_back_is_counted_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, history: Sequence[tuple[Any, ...]]
) -> None:
    """Late values, failed requests, want of time, kills, outages: exact after the slow turn."""
    world = opened(bench, monkeypatch)
    shown: dict[tuple[str, ...], float] = {}
    read = world.end()
    for passed, happened, trouble in history:
        bench.clock.at += passed
        for name, metric, ago, amount in happened:
            world.put(name, metric, ago, amount)
        found, closed, read = world.run(trouble), world.end() > read, max(read, world.end())
        if found is None:
            continue
        before, shown = shown, numbers(found)
        assert all(shown[key] >= value for key, value in before.items())
        # Where no period closed nothing is asked; where time was short the rest follows.
        if closed and not (trouble and trouble.takes):
            for name in NAMES:
                assert found["lambda_errors_total", name] == world.total(
                    name, "Errors", world.end()
                )
    check_exact(world, settled(world))


@pytest.mark.parametrize("lookback", [60.0, 44.0])
@pytest.mark.parametrize("metric", [*_COUNTERS, "Duration"])
def test_a_value_as_late_as_the_look_back_is_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, metric: str, lookback: float
) -> None:
    """In every second of a slow turn the oldest value that may still come is counted, once."""
    world = opened(bench, monkeypatch)
    changed = bench.inventory.collection.model_copy(update={"lookback": lookback})
    bench.inventory = bench.inventory.model_copy(update={"collection": changed})
    settled(world)
    for second in range(SLOW + PERIOD):
        bench.clock.at += 1
        world.put(NAMES[second % len(NAMES)], metric, lookback)
        # As soon as a period is believed: the one before is then the youngest it can be.
        if bench.clock.at % PERIOD == bench.inventory.collection.lag:
            world.run()
    check_exact(world, settled(world))


def test_an_error_of_somebody_else_hides_nobodys(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One who failed before fails more between two requests: a new one is found in the same run."""
    world = opened(bench, monkeypatch)
    bench.clock.at += 2 * PERIOD
    world.put(NAMES[0], "Errors", 6)
    world.put(NAMES[0], "Invocations", 6)
    run = world.run()
    assert run is not None
    assert run["lambda_errors_total", NAMES[0]] == 1.0
    world.put(NAMES[5], "Errors", 6, 2)
    plain, late = account_look.fetch, [2]

    def raced(context: Context, metrics: Sequence[Metric], window: Window) -> dict[Metric, Answer]:
        answers: dict[Metric, Answer] = plain(context, metrics, window)
        if late:
            world.put(NAMES[0], "Errors", 6 + PERIOD, late.pop())
        return answers

    monkeypatch.setattr(account_look, "fetch", raced)
    bench.clock.at += PERIOD
    found = world.run()
    assert found is not None
    assert found["lambda_errors_total", NAMES[5]] == 2.0


def test_who_begins_to_fail_is_seen_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever in a slow turn, the run after a period's end shows its first error."""
    world = opened(bench, monkeypatch)
    for number in range(2 * SLOW // PERIOD):
        bench.clock.at += PERIOD
        name = NAMES[number % len(NAMES)]
        # In the newest period that closes now.
        world.put(name, "Errors", bench.clock.at - world.end() + 1)
        world.put(name, "Invocations", bench.clock.at - world.end() + 1)
        found = world.run()
        assert found is not None
        assert found["lambda_errors_total", name] == world.total(name, "Errors", world.end()) > 0
        assert found["lambda_invocations_total", name] > 0
