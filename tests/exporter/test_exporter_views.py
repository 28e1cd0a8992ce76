"""Views: CloudWatch metrics as counters, gauges and summaries, read from the embedded AWS."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import views
from exporter.collector import CollectError, Reason
from exporter.folding import begin
from exporter.samples import SummaryValue, Value
from exporter.views import Record, View, Viewed, document_of, record_of, shown_as, slow, taken
from exporter.windows import Window
from inventory.model import Collection
from simulator.aws.server import EmbeddedAws
from tests.exporter.support import START, Bench, compressed, key

HELP = Text("ajuda", "help")
COUNTER = MetricSpec("dataplatform_c_total", Kind.COUNTER, ("a",), HELP)
GAUGE = MetricSpec("dataplatform_g", Kind.GAUGE, ("a",), HELP)
SUMMARY = MetricSpec("dataplatform_s", Kind.SUMMARY, ("a",), HELP, quantiles=tuple(views.QUANTILES))
WHERE = {"Thing": "x"}
COUNTED = View(COUNTER, ("1",), "N", "M", tuple(WHERE.items()), "thing")
LAST = View(GAUGE, ("1",), "N", "M", tuple(WHERE.items()), "thing", statistic="Maximum")
SUMMED = View(SUMMARY, ("1",), "N", "M", tuple(WHERE.items()), "thing", scale=0.001)
NAME = "cloudwatch_metrics"
DAY = 86_400


def put(aws: EmbeddedAws, at: float, *numbers: float, name: str = "M") -> None:
    """Let the metric have values at ``at``."""
    aws.metrics.put("N", name, WHERE, at, list(numbers))


def read(bench: Bench, *wanted: View, timing: Collection | None = None) -> Viewed:
    """Read some views with a collector's durable state."""
    return views.read(bench.context(NAME), wanted, timing)


def shown(bench: Bench, *wanted: View) -> dict[tuple[str, ...], Value]:
    """Read some views; return their values by name and labels."""
    return {key(series): series.value for series in read(bench, *wanted).series}


def test_counter_folds_every_period_once(bench: Bench, aws: EmbeddedAws) -> None:
    """A counter begins at 0, whatever was before, and adds each closed period's sum once."""
    put(aws, START - 8, 50.0)
    assert shown(bench, COUNTED) == {("c_total", "1"): 0.0}
    for total in (3.0, 6.0, 9.0):
        put(aws, bench.clock.at, 1.0, 2.0)
        bench.clock.at += 5
        read(bench, COUNTED)
        bench.clock.at += 2
        assert shown(bench, COUNTED) == {("c_total", "1"): total}
        bench.clock.at += 3


def test_late_revision_adds_what_grew(bench: Bench, aws: EmbeddedAws) -> None:
    """A period that grows within the look-back adds the difference; one that shrinks is counted."""
    read(bench, COUNTED)
    put(aws, START, 4.0)
    bench.clock.at += 10
    assert shown(bench, COUNTED) == {("c_total", "1"): 4.0}
    put(aws, START, 3.0)
    bench.clock.at += 5
    assert shown(bench, COUNTED) == {("c_total", "1"): 7.0}
    (timeline,) = aws.metrics._timelines.values()
    timeline.values[int(START)] = timeline.values[int(START)][:1]
    bench.clock.at += 5
    viewed = read(bench, COUNTED)
    assert (viewed.series[0].value, viewed.revised_down) == (7.0, 1)
    put(aws, START, 100.0)
    bench.clock.at += 600
    read(bench, COUNTED)
    assert shown(bench, COUNTED) == {("c_total", "1"): 104.0}


def test_settled_period_is_not_read_again(bench: Bench, aws: EmbeddedAws) -> None:
    """What comes later than the look-back comes too late."""
    read(bench, COUNTED)
    put(aws, START, 4.0)
    bench.clock.at += 100
    read(bench, COUNTED)
    put(aws, START, 3.0)
    bench.clock.at += 5
    assert shown(bench, COUNTED) == {("c_total", "1"): 4.0}


def test_gauge_is_the_newest_value_and_goes_away(bench: Bench, aws: EmbeddedAws) -> None:
    """Absent before the first value, the newest while it is recent, absent again after that."""
    assert read(bench, LAST) == Viewed((), {"thing": None}, 0)
    put(aws, START, 1.0, 9.0)
    put(aws, START + 5, 2.0)
    bench.clock.at += 12
    assert shown(bench, LAST) == {("g", "1"): 2.0}
    bench.clock.at += 50
    assert shown(bench, LAST) == {("g", "1"): 2.0}
    bench.clock.at += 30
    viewed = read(bench, LAST)
    assert viewed.series == ()
    assert viewed.newest == {"thing": START + 5}
    put(aws, bench.clock.at, 0.0)
    bench.clock.at += 7
    assert shown(bench, LAST) == {("g", "1"): 0.0}


def test_gauge_follows_a_late_revision(bench: Bench, aws: EmbeddedAws) -> None:
    """The newest period's value is shown as AWS now has it, up or down."""
    put(aws, START, 5.0)
    bench.clock.at += 7
    assert shown(bench, LAST) == {("g", "1"): 5.0}
    put(aws, START, 8.0)
    put(aws, START - 5, 99.0)
    bench.clock.at += 5
    assert shown(bench, LAST) == {("g", "1"): 8.0}
    (timeline,) = aws.metrics._timelines.values()
    timeline.values[int(START)] = timeline.values[int(START)][:1]
    bench.clock.at += 5
    assert shown(bench, LAST) == {("g", "1"): 5.0}


def test_summary_has_running_sums_and_the_newest_quantiles(bench: Bench, aws: EmbeddedAws) -> None:
    """Sum and count run on, scaled; quantiles are the newest period's, and NaN when it is old."""
    read(bench, SUMMED)
    put(aws, START, 1000.0, 3000.0)
    bench.clock.at += 10
    put(aws, START + 5, 500.0)
    bench.clock.at += 2
    value = shown(bench, SUMMED)["s", "1"]
    assert isinstance(value, SummaryValue)
    assert (value.count, value.sum) == (3.0, pytest.approx(4.5))
    assert value.quantiles == {0.5: 0.5, 0.9: 0.5, 0.99: 0.5}
    bench.clock.at += 100
    value = shown(bench, SUMMED)["s", "1"]
    assert isinstance(value, SummaryValue)
    assert (value.count, value.sum) == (3.0, pytest.approx(4.5))
    assert all(math.isnan(quantile) for quantile in value.quantiles.values())


def test_scale_is_applied_when_shown(bench: Bench, aws: EmbeddedAws) -> None:
    """Each kind is scaled, the summary's count is not; what is durable stays unscaled."""
    scaled = [replace(view, scale=0.5) for view in (COUNTED, LAST, SUMMED)]
    read(bench, *scaled)
    put(aws, START, 10.0, 30.0)
    bench.clock.at += 7
    found = shown(bench, *scaled)
    assert (found["c_total", "1"], found["g", "1"]) == (20.0, 15.0)
    summary = found["s", "1"]
    assert isinstance(summary, SummaryValue)
    assert (summary.sum, summary.count, summary.quantiles[0.5]) == (20.0, 2.0, 10.0)
    assert shown(bench, replace(COUNTED, scale=1.0)) == {("c_total", "1"): 40.0}


def test_views_on_one_metric_are_each_their_own(bench: Bench, aws: EmbeddedAws) -> None:
    """Two views of one metric, also of the same statistic, neither share nor lose a value."""
    again = replace(COUNTED, spec=replace(COUNTER, name="dataplatform_d_total"), labels=("2",))
    read(bench, COUNTED)
    put(aws, START, 4.0)
    bench.clock.at += 7
    read(bench, COUNTED, again, SUMMED)
    put(aws, START + 5, 5.0)
    bench.clock.at += 5
    found = shown(bench, COUNTED, again, SUMMED)
    assert (found["c_total", "1"], found["d_total", "2"]) == (9.0, 5.0)
    assert len({view.key for view in (COUNTED, again, SUMMED, LAST)}) == 4


def test_restart_loses_nothing(bench: Bench, aws: EmbeddedAws) -> None:
    """Totals, the newest value and what happened meanwhile are there after a restart."""
    read(bench, COUNTED, LAST)
    put(aws, START, 4.0)
    bench.clock.at += 7
    assert shown(bench, COUNTED, LAST) == {("c_total", "1"): 4.0, ("g", "1"): 4.0}
    bench.restart()
    assert shown(bench, COUNTED, LAST) == {("c_total", "1"): 4.0, ("g", "1"): 4.0}
    put(aws, START + 600, 6.0)
    bench.restart()
    bench.clock.at += 1200
    assert shown(bench, COUNTED, LAST) == {("c_total", "1"): 10.0}


def test_view_that_is_removed_is_forgotten(bench: Bench, aws: EmbeddedAws) -> None:
    """Its state goes; if it comes back it begins anew, as a fresh series does."""
    other = replace(COUNTED, labels=("2",))
    read(bench, COUNTED, other)
    put(aws, START, 4.0)
    bench.clock.at += 7
    read(bench, COUNTED, other)
    assert len(bench.store.of(NAME).load("view/")) == 2
    assert shown(bench, other) == {("c_total", "2"): 4.0}
    assert list(bench.store.of(NAME).load("view/")) == [other.key]
    found = shown(bench, COUNTED, other)
    assert found == {("c_total", "1"): 0.0, ("c_total", "2"): 4.0}


def test_another_metric_begins_anew(bench: Bench, aws: EmbeddedAws) -> None:
    """A series that now shows another metric keeps nothing of the old one's total."""
    read(bench, COUNTED)
    put(aws, START, 4.0)
    bench.clock.at += 7
    assert shown(bench, COUNTED) == {("c_total", "1"): 4.0}
    assert shown(bench, replace(COUNTED, name="Other")) == {("c_total", "1"): 0.0}


def test_newest_is_by_resource_over_its_views(bench: Bench, aws: EmbeddedAws) -> None:
    """A resource is as fresh as the freshest of its metrics; one that never spoke is None."""
    second = replace(COUNTED, name="Second", labels=("2",))
    silent = replace(COUNTED, name="Silent", labels=("3",), resource="other")
    put(aws, START, 1.0)
    put(aws, START + 10, 1.0, name="Second")
    bench.clock.at += 30
    assert read(bench, COUNTED, second, silent).newest == {"thing": START + 10, "other": None}
    put(aws, START + 25, 1.0)
    bench.clock.at += 5
    assert read(bench, COUNTED, second, silent).newest == {"thing": START + 25, "other": None}


def test_failing_request_keeps_what_was_committed(bench: Bench, aws: EmbeddedAws) -> None:
    """A failed run adds nothing and loses nothing: the next one catches up."""
    read(bench, COUNTED)
    put(aws, START, 4.0)
    aws.front.fail("cloudwatch", "GetMetricData", code="AccessDenied", status=403, times=1)
    bench.clock.at += 7
    with pytest.raises(Exception, match="AccessDenied"):
        read(bench, COUNTED)
    assert shown(bench, COUNTED) == {("c_total", "1"): 4.0}
    bench.seconds = 0
    bench.clock.at += 7
    with pytest.raises(CollectError) as raised:
        read(bench, COUNTED)
    assert raised.value.reason is Reason.TIMEOUT


def test_daily_metric_by_a_timing_of_its_own(bench: Bench, aws: EmbeddedAws) -> None:
    """What AWS measures once a day is read with a day's period, however often one looks."""
    timing = bench.inventory.collection.model_copy(
        update={"period": float(DAY), "lookback": 3.0 * DAY, "backfill": 14.0 * DAY}
    )
    midnight = START - 12 * 3600
    put(aws, midnight - DAY, 100.0)
    assert [s.value for s in read(bench, LAST, COUNTED, timing=timing).series] == [100.0, 0.0]
    put(aws, midnight, 120.0)
    asked = aws.front.count("cloudwatch", "GetMetricData")
    for _ in range(11):
        bench.clock.at += 3600
        viewed = read(bench, LAST, COUNTED, timing=timing)
        assert [s.value for s in viewed.series] == [100.0, 0.0]
    assert aws.front.count("cloudwatch", "GetMetricData") == asked
    bench.clock.at += 3602
    viewed = read(bench, LAST, COUNTED, timing=timing)
    assert [s.value for s in viewed.series] == [120.0, 120.0]
    assert viewed.newest == {"thing": midnight}
    bench.clock.at += 4 * DAY
    assert [s.value for s in read(bench, LAST, COUNTED, timing=timing).series] == [120.0]


@pytest.mark.parametrize(
    ("slow_every", "period", "expected"),
    [
        (300.0, 60.0, 300.0),
        (90.0, 60.0, 60.0),
        (3600.0, 60.0, 3600.0),
        (10.0, 5.0, 10.0),
        (45.0, 5.0, 30.0),
        (7.0, 5.0, 5.0),
        (10.0, 60.0, 60.0),
        (0.5, 1.0, 1.0),
    ],
)
def test_slow_timing_is_a_period_that_cloudwatch_takes(
    slow_every: float, period: float, expected: float
) -> None:
    """The longest valid period within the cadence, never below the inventory's own."""
    timing = slow(compressed(slow_every=slow_every, period=period, lookback=60.0).collection)
    assert timing.period == expected
    assert timing.lookback == max(60.0, 2 * expected)


def test_slow_gauge_never_flickers(bench: Bench, aws: EmbeddedAws) -> None:
    """A metric that is sent in every slow period is shown at every look."""
    timing = slow(compressed(slow_every=300.0).collection)
    for step in range(20):
        put(aws, START + 300 * (step - 10), float(step))
    for _ in range(30):
        (series,) = read(bench, LAST, timing=timing).series
        assert series.value == (bench.clock.at - 2 - START) // 300 + 9
        bench.clock.at += 60


@given(
    st.lists(
        st.dictionaries(st.integers(0, 12), st.floats(0, 1e9, allow_nan=False), max_size=6),
        max_size=6,
    ),
    st.sampled_from([COUNTED, LAST, SUMMED]),
)
def test_what_is_kept_survives_json(answers: Sequence[dict[int, float]], view: View) -> None:
    """After any answers, a restarted process shows what the one before it would have shown."""
    start, period = int(START), 5
    record = Record(begin(start, period, 60))
    for number, answer in enumerate(answers):
        points = {start + period * step: value for step, value in answer.items()}
        whole = {(view.name, statistic): points for statistic in view.metric.statistics}
        window = Window(start, start + period * (number + 2), period)
        record = taken(view, record, whole, window, 60)
        again = record_of(json.loads(json.dumps(document_of(record))))
        assert again == record
        assert repr(shown_as(view, again, START)) == repr(shown_as(view, record, START))
