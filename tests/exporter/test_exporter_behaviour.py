"""What breaks exporters: upgrades, full disks, wrong clocks, gaps, nonsense. And four states."""

from __future__ import annotations

import math
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from exporter.app import ExporterApp
from exporter.collector import Reading
from exporter.collectors.lambda_functions import INVOCATIONS as INVOCATIONS_SPEC
from exporter.samples import Series, SummaryValue
from inventory.model import Inventory
from simulator.aws.server import EmbeddedAws
from tests.exporter.support import Bench, Clock, create_function, only, paced, settings_for, values

FN = "lambda_router"
GROUP = f"/aws/lambda/{FN}"
INVOCATIONS = ("lambda_invocations_total", FN)
ERRORS = ("lambda_errors_total", FN)
DURATION = ("lambda_duration_seconds", FN)


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """A bench that reads durations in every period."""
    bench.inventory = paced(bench.inventory, slow_every=5.0)
    return bench


def run_function(aws: EmbeddedAws, at: float, number: int, errors: int = 0) -> None:
    """Let the function run, half a second each."""
    where = {"FunctionName": FN}
    aws.metrics.put("AWS/Lambda", "Invocations", where, at, [1.0] * number)
    aws.metrics.put("AWS/Lambda", "Errors", where, at, [0.0] * number + [1.0] * errors)
    aws.metrics.put("AWS/Lambda", "Duration", where, at, [500.0] * number)


def earlier_document(at: int) -> dict[str, Any]:
    """Return what the program kept of a function before there were packs; two periods are open."""
    return {
        "fold": {
            "period": 5,
            "since": at - 3600,
            "floor": at - 60,
            "watermark": at,
            "totals": {
                "invocations": 40.0,
                "errors": 3.0,
                "throttles": 1.0,
                "duration_sum": 20.0,
                "duration_count": 40.0,
            },
            "seen": {
                "invocations": [[at - 10, 4.0, 4.0], [at - 5, 6.0, 6.0]],
                "errors": [[at - 10, 2.0, 1.0]],
                "throttles": [],
                "duration_sum": [[at - 10, 2.0, 2.0], [at - 5, 3.0, 3.0]],
                "duration_count": [[at - 10, 4.0, 4.0], [at - 5, 6.0, 6.0]],
            },
            "revised_down": 1,
        },
        "newest": at - 5,
        "quantiles": [[0.5, 0.5]],
        "versions": {"1": [40.0, 3.0, at - 1.0]},
    }


def test_state_of_the_earlier_program_is_counted_on_from(bench: Bench, aws: EmbeddedAws) -> None:
    """Totals, open periods, what was revised and the versions' share go on where they were."""
    create_function(aws, FN)
    at = int(bench.clock.at)
    document = earlier_document(at)
    seen = {"first": at - 10.5, "last": at - 0.5, "served": {"1": 1.0}, "revision": "r"}
    bench.store.of("lambda").commit(
        {
            f"totals/{FN}": document,
            "totals/departed": document,
            f"alias/{FN}": {"alias": "LIVE", "log": {"segments": [seen], "changed_at": None}},
        }
    )
    run_function(aws, at - 10, 5, 1)
    run_function(aws, at - 5, 6)
    run_function(aws, at, 2)
    bench.clock.at += 7
    found = bench.collect("lambda")
    # One more in an open period, two in a new one; an error of two is one now, and was two before.
    assert found[INVOCATIONS] == 43.0
    assert found[ERRORS] == 3.0
    assert found["lambda_throttles_total", FN] == 1.0
    assert found["lambda_version_invocations_total", FN, "LIVE", "1"] >= 41.0  # type: ignore[operator]
    assert found["vigia_periods_revised_down_total", "lambda"] == 2.0
    duration = found[DURATION]
    assert isinstance(duration, SummaryValue)
    assert (duration.sum, duration.count) == (21.5, 43.0)
    kept = bench.store.of("lambda").load()
    assert not [key for key in kept if key.startswith("totals/")]
    names = [
        name for key, body in kept.items() if "functions" in body for name in body["functions"]
    ]
    assert sorted(names) == sorted([FN, "departed"] * 2)
    bench.restart()
    assert bench.collect("lambda") == found


def test_long_outage_that_is_interrupted_is_caught_up(bench: Bench, aws: EmbeddedAws) -> None:
    """A gap is fetched piece by piece; what a piece brought is kept when the next one fails."""
    bench.inventory = paced(bench.inventory, backfill=10_000.0)
    create_function(aws, FN)
    bench.collect("lambda")
    for _ in range(1900):
        run_function(aws, bench.clock.at, 1)
        bench.clock.at += 5
    bench.clock.at += 5
    bench.restart()
    real = bench.aws.client
    asked = 0

    def once(service: str, scope: str | None = None) -> Any:
        nonlocal asked
        if service == "cloudwatch":
            asked += 1
            if asked == 2:
                aws.front.fail("cloudwatch", "GetMetricData", code="AccessDenied", status=403)
        return real(service, scope)

    with pytest.raises(ClientError):
        bench.collectors["lambda"].collect(replace(bench.context("lambda"), client=once))
    aws.front.heal()
    assert asked == 2
    bench.restart()
    assert bench.collect("lambda")[INVOCATIONS] == 1900.0


def test_wrong_clock_ahead_is_got_over(bench: Bench, aws: EmbeddedAws) -> None:
    """A clock that ran ahead for a run stops no counter for long, and makes none go back."""
    create_function(aws, FN)
    bench.collect("lambda")
    run_function(aws, bench.clock.at, 3)
    bench.clock.at += 10
    assert bench.collect("lambda")[INVOCATIONS] == 3.0
    right = bench.clock.at
    bench.clock.at = right + 86_400
    assert bench.collect("lambda")[INVOCATIONS] == 3.0
    bench.clock.at = right + 5
    assert bench.collect("lambda")[INVOCATIONS] == 3.0
    run_function(aws, bench.clock.at, 4)
    bench.clock.at += 10
    assert bench.collect("lambda")[INVOCATIONS] == 7.0


@pytest.mark.parametrize("back", [7.0, 65.0, 3600.0])
def test_wrong_clock_behind_counts_nothing_twice(
    bench: Bench, aws: EmbeddedAws, back: float
) -> None:
    """A clock that was put back asks for nothing until it has caught up, and then for the rest."""
    create_function(aws, FN)
    bench.collect("lambda")
    for _ in range(40):
        run_function(aws, bench.clock.at, 2, 1)
        bench.clock.at += 5
    bench.clock.at += 5
    found = bench.collect("lambda")
    assert (found[INVOCATIONS], found[ERRORS]) == (80.0, 40.0)
    right = bench.clock.at
    for wrong in (right - back, right - back + 5):
        bench.clock.at = wrong
        found = bench.collect("lambda")
        assert (found[INVOCATIONS], found[ERRORS]) == (80.0, 40.0)
    bench.clock.at = right
    run_function(aws, bench.clock.at, 1)
    bench.clock.at += 10
    found = bench.collect("lambda")
    assert (found[INVOCATIONS], found[ERRORS]) == (81.0, 40.0)


def test_metric_that_comes_late_and_goes_again(bench: Bench, aws: EmbeddedAws) -> None:
    """A first datapoint counts from zero; with the last one the quantiles go, not the counter."""
    create_function(aws, FN)
    reading = bench.reading("lambda")
    assert reading.newest == {FN: None}
    bench.clock.at += 300
    bench.collect("lambda")
    run_function(aws, bench.clock.at, 4)
    newest = bench.clock.at
    bench.clock.at += 7
    found = bench.collect("lambda")
    duration = found[DURATION]
    assert isinstance(duration, SummaryValue)
    assert found[INVOCATIONS] == 4.0
    assert duration.quantiles[0.99] == 0.5
    bench.clock.at += 600
    reading = bench.reading("lambda")
    assert reading.newest == {FN: newest}
    found = values(reading)
    assert found[INVOCATIONS] == 4.0
    duration = found[DURATION]
    assert isinstance(duration, SummaryValue)
    assert (duration.count, duration.sum) == (4.0, 2.0)
    assert all(math.isnan(value) for value in duration.quantiles.values())


@pytest.fixture
def inventory(watched: Inventory) -> Inventory:
    """One function, short periods and the stand-ins."""
    return paced(only(watched, FN), slow_every=5.0, stale_after=600.0)


@pytest.fixture
def app(
    aws: EmbeddedAws, clock: Clock, inventory: Inventory, tmp_path: Path
) -> Iterator[ExporterApp]:
    """An exporter that was not started."""
    create_function(aws, FN)
    aws.client("logs").create_log_group(logGroupName=GROUP)
    made = ExporterApp(settings_for(aws.url, tmp_path), lambda: inventory, clock)
    yield made
    made.stop()


def collect(app: ExporterApp, name: str) -> None:
    """Run one collector of the exporter."""
    next(one for one in app._refreshers if one.collector.name == name).run()


@contextmanager
def full_disk() -> Iterator[None]:
    """Let the system refuse this process whatever makes a file longer than a page."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def lines(app: ExporterApp, *wanted: str) -> list[str]:
    """Return the lines of the exposition that hold every one of ``wanted``, HELP and TYPE apart."""
    text = app.exposition()
    return [
        line
        for line in text.splitlines()
        if not line.startswith("#") and all(part in line for part in wanted)
    ]


def test_full_disk_leaves_stale_values_and_is_got_over(
    app: ExporterApp, aws: EmbeddedAws, clock: Clock
) -> None:
    """Without room the run fails and says why; with room again everything is counted, once."""
    collect(app, "lambda")
    run_function(aws, clock.at, 3)
    clock.at += 10
    collect(app, "lambda")
    shown = f'dataplatform_lambda_invocations_total{{function="{FN}"}}'
    assert lines(app, shown) == [f"{shown} 3.0"]
    with full_disk():
        for _ in range(4):
            run_function(aws, clock.at, 1234)
            clock.at += 5
            collect(app, "lambda")
    assert lines(app, shown) == [f"{shown} 3.0"]
    assert lines(app, 'vigia_collector_stale{collector="lambda"}')[0].endswith(" 1.0")
    failed = 'vigia_collector_failures_total{collector="lambda",reason="state"}'
    assert lines(app, failed) == [f"{failed} 4.0"]
    collect(app, "lambda")
    assert lines(app, 'vigia_collector_up{collector="lambda"}')[0].endswith(" 1.0")
    clock.at += 10
    collect(app, "lambda")
    assert lines(app, shown) == [f"{shown} {3.0 + 4 * 1234}"]


def test_nonsense_and_hangs_leave_the_others_and_the_scrape(
    app: ExporterApp, aws: EmbeddedAws, clock: Clock
) -> None:
    """One collector returns rubbish, one hangs, one raises: the rest is collected and served."""
    assert app.collect_once() == {}
    release = threading.Event()
    misbehave = {
        "api": lambda _context: cast("Reading", "dataplatform_api 1"),
        "logs": lambda _context: release.wait(60) and Reading((), 0, 0),
        "cost": lambda _context: Reading((Series(INVOCATIONS_SPEC, (FN,), math.nan),), 1 // 0, 1),
    }
    for refresher in app._refreshers:
        if refresher.collector.name in misbehave:
            does = misbehave[refresher.collector.name]
            refresher.collector = replace(
                refresher.collector, collect=does, deadline=lambda _inventory: 0.5
            )
    run_function(aws, clock.at, 2)
    clock.at += 10
    failed = app.collect_once()
    release.set()
    assert failed == {"api": "internal", "logs": "timeout", "cost": "internal"}
    assert lines(app, f'dataplatform_lambda_invocations_total{{function="{FN}"}} 2.0')
    answer = app.wsgi.test_client().get("/metrics")
    assert answer.status_code == 200
    for name in misbehave:
        assert f'vigia_collector_stale{{collector="{name}"}} 1.0' in answer.text
        assert f'vigia_collector_up{{collector="{name}"}} 0.0' in answer.text


def test_zero_no_data_failed_and_deleted_side_by_side(
    aws: EmbeddedAws, clock: Clock, watched: Inventory, tmp_path: Path
) -> None:
    """On the page itself, four things that others show as 0 are four different things."""
    names = ("zero", "silent", "gone")
    first = watched.functions[0]
    functions = tuple(
        first.model_copy(update={"name": name, "log_group": f"/aws/lambda/{name}"})
        for name in names
    )
    events = tuple(
        event.model_copy(update={"functions": ("zero",)})
        for event in watched.log_events
        if event.event == "processed"
    )
    inventory = paced(watched, slow_every=5.0, stale_after=600.0).model_copy(
        update={"functions": functions, "log_events": events}
    )
    for name in ("zero", "silent"):
        create_function(aws, name)
    aws.client("logs").create_log_group(logGroupName="/aws/lambda/zero")
    app = ExporterApp(settings_for(aws.url, tmp_path), lambda: inventory, clock)
    try:
        app.collect_once()
        where = {"FunctionName": "zero"}
        aws.metrics.put("AWS/Lambda", "Invocations", where, clock.at, [1.0] * 5)
        aws.metrics.put("AWS/Lambda", "Duration", where, clock.at, [500.0] * 5)
        aws.logs.put("/aws/lambda/zero", "s", clock.at, "PROCESSED")
        clock.at += 7
        collect(app, "logs")
        aws.front.fail("logs", "FilterLogEvents", code="AccessDeniedException", status=400)
        for name in ("lambda", "logs"):
            collect(app, name)
        # Zero: it ran, nothing failed, and the datapoint is seconds old.
        assert lines(app, 'lambda_errors_total{function="zero"} 0.0')
        assert lines(app, 'lambda_invocations_total{function="zero"} 5.0')
        assert lines(app, 'datapoint_age_seconds{collector="lambda",resource="zero"} 7.0')
        assert lines(app, 'duration_seconds{function="zero",quantile="0.99"} 0.5')
        # No data: there is no datapoint to be of any age, and no quantile of nothing.
        assert lines(app, 'alias_info{alias="LIVE",function="silent",version="1"} 1.0')
        assert not lines(app, "datapoint_age_seconds", 'resource="silent"')
        assert lines(app, 'duration_seconds{function="silent",quantile="0.99"} NaN')
        # Failed: the value before it, marked, with the reason.
        assert lines(app, 'log_events_total{event="processed",function="zero"} 1.0')
        assert lines(app, 'vigia_collector_stale{collector="logs"} 1.0')
        assert lines(app, 'failures_total{collector="logs",reason="denied"} 1.0')
        assert lines(app, 'vigia_collector_stale{collector="lambda"} 0.0')
        # Deleted: named as missing, less coverage, nothing served.
        assert lines(app, 'vigia_resource_missing{collector="lambda",resource="gone"} 1.0')
        assert not lines(app, "vigia_resource_missing", 'resource="silent"')
        assert not lines(app, "alias_info", 'function="gone"')
        coverage = lines(app, 'vigia_collector_coverage_ratio{collector="lambda"}')
        assert float(coverage[0].split()[-1]) == pytest.approx(2 / 3)
    finally:
        app.stop()
