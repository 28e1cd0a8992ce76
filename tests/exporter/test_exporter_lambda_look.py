"""The account's sums looked at first: fewer requests, and never another total."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter import account_look, periods
from exporter.collector import Context
from exporter.collectors import lambda_functions
from exporter.samples import SummaryValue, Value
from exporter.sources.cloudwatch import Answer, Metric
from exporter.windows import Window
from inventory.model import Inventory
from simulator.aws.metric_store import Identity, MetricStore
from simulator.aws.server import EmbeddedAws
from tests.exporter.support import START, Bench, compressed, values

NAMES = tuple(f"function-{number:02}" for number in range(12))
FOREIGN = "foreign"


def many(inventory: Inventory, names: Sequence[str] = NAMES) -> Inventory:
    """Return the inventory with these functions, whose aliases nobody follows."""
    first = inventory.functions[0]
    functions = tuple(
        first.model_copy(update={"name": name, "follow_alias": False}) for name in names
    )
    return inventory.model_copy(update={"functions": functions})


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """A bench over a dozen functions; throttles and durations have their turn after a minute."""
    bench.inventory = many(compressed(slow_every=60.0))
    # Past the minute, so that no turn comes by itself in the first few runs.
    bench.clock.at += 7
    return bench


def run_function(
    store: MetricStore, name: str, at: float, *, errors: int = 0, throttles: int = 0
) -> None:
    """Let a function run three times at ``at``, as AWS counts it."""
    where = {"FunctionName": name}
    store.put("AWS/Lambda", "Invocations", where, at, [1.0] * 3)
    store.put("AWS/Lambda", "Errors", where, at, [0.0] * 3 + [1.0] * errors)
    store.put("AWS/Lambda", "Throttles", where, at, [0.0] * 3 + [1.0] * throttles)


class Asked:
    """Which metrics the runs asked for since the last look, by name; those of the account too."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.billed = 0

    def billed_since(self) -> int:
        """Return how many metrics were billed since this was asked last."""
        before, self.billed = self.billed, self._bench.tally.bill().billed_metrics
        return self.billed - before


def step(bench: Bench, seconds: float = 5.0) -> dict[tuple[str, ...], Value]:
    """Let time pass and collect."""
    bench.clock.at += seconds
    return bench.collect("lambda")


def all_run(bench: Bench, aws: EmbeddedAws) -> None:
    """Let every function run once more in the current period."""
    for name in NAMES:
        run_function(aws.metrics, name, bench.clock.at)


def test_two_metrics_stand_for_a_quiet_account(bench: Bench, aws: EmbeddedAws) -> None:
    """While nothing fails, a run pays for invocations and two sums; counters are all there."""
    asked = Asked(bench)
    first = bench.collect("lambda")
    assert first["lambda_errors_total", NAMES[0]] == 0.0
    assert asked.billed_since() == 2 * len(NAMES)
    for _ in range(4):
        all_run(bench, aws)
        found = step(bench)
        assert asked.billed_since() == len(NAMES) + 2
    found = step(bench)
    assert found["lambda_invocations_total", NAMES[3]] == 12.0
    assert found["lambda_errors_total", NAMES[3]] == 0.0
    assert found["lambda_throttles_total", NAMES[3]] == 0.0


def test_an_error_is_seen_in_the_run_that_a_plain_reading_would_see_it_in(
    bench: Bench, aws: EmbeddedAws
) -> None:
    """The look opens at once for a new error and for a late one, and closes after them."""
    asked = Asked(bench)
    bench.collect("lambda")
    step(bench)
    began = bench.clock.at
    all_run(bench, aws)
    run_function(aws.metrics, NAMES[7], began, errors=2)
    asked.billed_since()
    assert step(bench)["lambda_errors_total", NAMES[7]] == 2.0
    assert asked.billed_since() == 2 * len(NAMES) + 2
    assert step(bench)["lambda_errors_total", NAMES[7]] == 2.0
    assert asked.billed_since() == len(NAMES) + 2
    step(bench, 20)
    run_function(aws.metrics, NAMES[2], began, errors=1)
    found = step(bench)
    assert (found["lambda_errors_total", NAMES[2]], found["lambda_errors_total", NAMES[7]]) == (
        1,
        2,
    )
    bench.restart()
    asked.billed_since()
    step(bench)
    assert asked.billed_since() == len(NAMES) + 2


def test_functions_that_failed_lately_explain_the_sum(bench: Bench, aws: EmbeddedAws) -> None:
    """While the same functions go on failing, nobody else is asked; a new one is found at once."""
    asked = Asked(bench)
    bench.collect("lambda")
    for turn in range(5):
        all_run(bench, aws)
        for name in NAMES[2:5]:
            run_function(aws.metrics, name, bench.clock.at, errors=2, throttles=1)
        asked.billed_since()
        found = step(bench)
        assert {found["lambda_errors_total", name] for name in NAMES[2:5]} == {2.0 * (turn + 1)}
        if turn:
            # The account's sum once more, beside those that failed.
            assert asked.billed_since() == len(NAMES) + 2 + 1 + 3
    run_function(aws.metrics, NAMES[9], bench.clock.at, errors=1)
    found = step(bench)
    assert found["lambda_errors_total", NAMES[9]] == 1.0
    assert asked.billed_since() == 2 * len(NAMES) + 2 + 1
    run_function(aws.metrics, NAMES[9], bench.clock.at, errors=1)
    assert step(bench)["lambda_errors_total", NAMES[9]] == 2.0
    assert asked.billed_since() == len(NAMES) + 2 + 1 + 4
    found = step(bench, 60)
    assert {found["lambda_throttles_total", name] for name in NAMES[2:5]} == {5.0}


def test_foreign_errors_keep_the_look_open(bench: Bench, aws: EmbeddedAws) -> None:
    """Functions that are not ours may fail: everyone is asked, and only ours are counted."""
    asked = Asked(bench)
    bench.collect("lambda")
    for _ in range(4):
        all_run(bench, aws)
        run_function(aws.metrics, FOREIGN, bench.clock.at, errors=5)
        found = step(bench)
    found = step(bench)
    assert {found["lambda_errors_total", name] for name in NAMES} == {0.0}
    asked.billed_since()
    step(bench)
    assert asked.billed_since() == 2 * len(NAMES) + 2


def test_a_missing_sum_is_unknown_not_zero(bench: Bench, aws: EmbeddedAws) -> None:
    """Where functions ran and the account has no sum, everyone is asked; where none ran, nobody."""
    asked = Asked(bench)
    bench.collect("lambda")
    step(bench)
    asked.billed_since()
    step(bench)
    assert asked.billed_since() == len(NAMES) + 2
    aws.metrics.put("AWS/Lambda", "Invocations", {"FunctionName": NAMES[5]}, bench.clock.at, [1.0])
    step(bench)
    asked.billed_since()
    step(bench)
    assert asked.billed_since() >= 2 * len(NAMES) + 2


def test_throttles_wait_for_their_turn_and_lose_nothing(bench: Bench, aws: EmbeddedAws) -> None:
    """With throttles to find everyone is asked once a minute; all of them are then counted."""
    bench.collect("lambda")
    for _ in range(4):
        all_run(bench, aws)
        run_function(aws.metrics, NAMES[1], bench.clock.at, throttles=2)
        step(bench)
    assert values(bench.reading("lambda"))["lambda_throttles_total", NAMES[1]] == 0.0
    assert step(bench, 60)["lambda_throttles_total", NAMES[1]] == 8.0
    asked = Asked(bench)
    asked.billed_since()
    step(bench)
    assert asked.billed_since() == len(NAMES) + 2


def test_durations_have_their_turn_and_lose_nothing(bench: Bench, aws: EmbeddedAws) -> None:
    """Between turns the summary stands still; at its turn every period since is in it."""
    first = bench.collect("lambda")
    where = {"FunctionName": NAMES[0]}
    for _ in range(4):
        aws.metrics.put("AWS/Lambda", "Duration", where, bench.clock.at, [1000.0, 3000.0])
        assert step(bench)["lambda_duration_seconds", NAMES[0]] is not None
    waiting, known = (found["lambda_duration_seconds", NAMES[0]] for found in (step(bench), first))
    assert isinstance(waiting, SummaryValue)
    assert isinstance(known, SummaryValue)
    assert (waiting.sum, waiting.count) == (known.sum, known.count) == (0.0, 0.0)
    turned = step(bench, 60)["lambda_duration_seconds", NAMES[0]]
    assert isinstance(turned, SummaryValue)
    assert (turned.sum, turned.count) == (16.0, 8.0)


@pytest.mark.parametrize("ago", [5.0, 20.0, 55.0])
def test_late_invocations_are_counted_at_the_latest_in_the_next_turn(
    bench: Bench, aws: EmbeddedAws, ago: float
) -> None:
    """Whatever period of the look-back grows between two turns, the second one counts it."""
    bench.collect("lambda")
    for _ in range(14):
        all_run(bench, aws)
        step(bench)
    began = bench.clock.at
    for late in range(14):
        run_function(aws.metrics, NAMES[4], began + 5 * late - ago)
        found = step(bench)
    assert found["lambda_invocations_total", NAMES[3]] == 3.0 * 14
    found = step(bench, 60)
    assert found["lambda_invocations_total", NAMES[4]] == 3.0 * 28
    step(bench, 10)
    assert step(bench, 60)["lambda_invocations_total", NAMES[4]] == 3.0 * 28


def test_functions_of_a_large_inventory_take_turns(bench: Bench, aws: EmbeddedAws) -> None:
    """More functions than a request holds share the slow turns out, each once in a while."""
    names = tuple(f"many-{number:03}" for number in range(150))
    bench.inventory = many(compressed(slow_every=30.0), names)
    asked = Asked(bench)
    bench.collect("lambda")
    assert asked.billed_since() == 300
    taken = []
    for _ in range(12):
        step(bench)
        taken.append(asked.billed_since() - 150 - 2)
    assert all(0 < number < 150 for number in taken)
    assert sum(taken) == 300
    assert taken[:6] == taken[6:]


def test_few_functions_are_asked_themselves(bench: Bench, aws: EmbeddedAws) -> None:
    """Up to ten functions are as cheap to ask as their account."""
    bench.inventory = many(bench.inventory, NAMES[:10])
    asked = Asked(bench)
    bench.collect("lambda")
    asked.billed_since()
    step(bench)
    assert asked.billed_since() == 20


def test_the_plan_of_the_worst_case_is_what_goes_out(bench: Bench, aws: EmbeddedAws) -> None:
    """What ``uses`` says is what a minute sends while somebody else's functions fail."""
    bench.collect("lambda")
    step(bench)
    sent, billed = aws.front.count("cloudwatch", "GetMetricData"), Asked(bench)
    billed.billed_since()
    runs = 24
    for _ in range(runs):
        all_run(bench, aws)
        run_function(aws.metrics, FOREIGN, bench.clock.at, errors=1, throttles=1)
        step(bench)
    uses = bench.collectors["lambda"].uses(bench.inventory)
    planned = sum(use.calls for use in uses if use.operation == "GetMetricData")
    assert aws.front.count("cloudwatch", "GetMetricData") - sent <= planned * runs
    assert planned * runs * 0.9 <= aws.front.count("cloudwatch", "GetMetricData") - sent
    metrics = sum(use.usd for use in uses) / 0.01 * 1000
    assert billed.billed_since() == pytest.approx(metrics * runs, rel=0.1)


PERIOD, LOOKBACK = 5, 60
STATISTICS = {"errors": "Errors", "throttles": "Throttles"}


@dataclass
class Source:
    """Answers from the embedded platform's store without HTTP between.

    The account's sums of the newest ``withheld`` periods are not there yet.
    """

    store: MetricStore
    withheld: int = 0

    def fetch(
        self, _context: Context, metrics: Sequence[Metric], window: Window
    ) -> dict[Metric, Answer]:
        """Return what CloudWatch would."""
        return {
            metric: dict(
                _answers(
                    self.store,
                    metric,
                    window
                    if metric.dimensions
                    else replace(window, end=window.end - PERIOD * self.withheld),
                )
            )
            for metric in metrics
        }


def _answers(
    store: MetricStore, metric: Metric, window: Window
) -> Iterator[tuple[tuple[str, str], Mapping[int, float]]]:
    identity = Identity(metric.namespace, metric.name, metric.dimensions)
    for statistic in metric.statistics:
        found = store.statistic(identity, statistic, window.period, window.start, window.end)
        yield (metric.name, statistic), {int(at): value for at, value in found}


class Side:
    """One way of reading, with a state of its own."""

    def __init__(self, bench: Bench, name: str, *, looks: bool) -> None:
        self._bench, self._name, self._looks = bench, name, looks

    def collect(self, patched: pytest.MonkeyPatch) -> dict[tuple[str, ...], Value]:
        """Run the collector and return its counters."""
        patched.setattr(account_look, "worth_it", lambda number: self._looks and number > 10)
        state = self._bench.store.of(self._name)
        found = values(
            lambda_functions.collect(replace(self._bench.context("lambda"), state=state))
        )
        return {key: value for key, value in found.items() if key[0].endswith("_total")}


happenings = st.tuples(
    st.sampled_from([*NAMES[:3], FOREIGN]),
    st.sampled_from(["errors", "throttles"]),
    st.integers(0, 14),
    st.integers(0, 2),
)
rounds = st.tuples(
    st.integers(0, 4),
    st.lists(happenings, max_size=3),
    st.booleans(),
    st.none() | st.tuples(st.sampled_from(NAMES[:3]), st.integers(0, 14)),
    st.sampled_from([0, 0, 1, 3]),
)
numbers = count()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(rounds, min_size=2, max_size=10))
def test_totals_are_those_of_the_plain_way(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, history: Sequence[Sequence[Any]]
) -> None:
    """Late, foreign, revised, zeros and the account's sums sent or not: totals never differ."""
    bench.clock.at = START + 7
    store = MetricStore(bench.clock.now)
    source = Source(store)
    for module in (periods, account_look):
        monkeypatch.setattr(module, "fetch", source.fetch)
    number = next(numbers)
    looking = Side(bench, f"looking-{number}", looks=True)
    plain = Side(bench, f"plain-{number}", looks=False)
    for passed, happened, zeros, down, source.withheld in history:
        bench.clock.at += PERIOD * passed
        for name, kind, ago, failed in happened:
            where, at = {"FunctionName": name}, bench.clock.at - 2 - PERIOD * ago
            store.put("AWS/Lambda", "Invocations", where, at, [1.0])
            if zeros or failed:
                store.put("AWS/Lambda", STATISTICS[kind], where, at, [0.0] + [1.0] * failed)
        if down is not None and not happened:
            take_back(store, down[0], int(bench.clock.at - 2 - PERIOD * down[1]))
        assert without_throttles(looking.collect(monkeypatch)) == without_throttles(
            plain.collect(monkeypatch)
        )
    source.withheld = 0
    # Throttles are as far only where both have had their turn.
    bench.clock.at += bench.inventory.collection.slow_every
    assert looking.collect(monkeypatch) == plain.collect(monkeypatch)


def take_back(store: MetricStore, name: str, at: int) -> None:
    """Revise a function's errors of a period downwards, by one, as AWS hardly ever does."""
    identity = Identity("AWS/Lambda", "Errors", (("FunctionName", name),))
    timeline = store._timelines.get(identity)
    for second in range(at // PERIOD * PERIOD, at // PERIOD * PERIOD + PERIOD):
        known = timeline.values.get(second, []) if timeline else []
        for entry in known:
            if entry[1] > 0:
                known.remove(entry)
                return


def without_throttles(found: Mapping[tuple[str, ...], Value]) -> dict[tuple[str, ...], Value]:
    """Return the counters but for those that wait for their turn."""
    return {key: value for key, value in found.items() if key[0] != "lambda_throttles_total"}
