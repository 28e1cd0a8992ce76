"""The wrapper: deadlines, reasons, stale values; and one collector's failure left to itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

import pytest
import requests
from botocore import exceptions as aws_errors
from sqlalchemy.exc import OperationalError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.collector import CollectError, Collector, Context, Reading, Reason
from exporter.failures import classify
from exporter.refresh import Refresher
from exporter.samples import Series
from exporter.snapshot import snapshot
from exporter.tally import Tally
from tests.conftest import wait_for
from tests.exporter.support import Clock, compressed

SPEC = MetricSpec("dataplatform_test", Kind.GAUGE, (), Text("teste", "test"))
READING = Reading((Series(SPEC, (), 1.0),), expected=2, seen=1, newest={"a": 5.0, "b": None})


class ManualClock(Clock):
    """A clock whose monotonic time is set by hand too."""

    def __init__(self) -> None:
        super().__init__()
        self.ticks = 0.0

    def monotonic(self) -> float:
        """Return the ticks."""
        return self.ticks


@dataclass
class Rig:
    """One refresher around a collector that does as told."""

    does: Callable[[], Reading]
    deadline: float = 5.0
    clock: Clock = field(default_factory=Clock)
    published: int = 0

    def __post_init__(self) -> None:
        collector = Collector(
            name="rig",
            specs=(SPEC,),
            iam=(),
            every=lambda _inventory: 5.0,
            offset=lambda _inventory: 0.0,
            deadline=lambda _inventory: self.deadline,
            collect=lambda _context: self.does(),
            uses=lambda _inventory: (),
        )
        inventory = compressed(stale_after=10.0)
        self.refresher = Refresher(
            collector,
            lambda: inventory,
            lambda _collector, _remaining: cast("Context", None),
            self.clock,
            self._publish,
        )

    def _publish(self) -> None:
        self.published += 1

    def shown(self) -> dict[tuple[str, ...], object]:
        """Return what a scrape would be told."""
        parts = snapshot([self.refresher.status()], Tally().bill(), 0, "1")
        series = (one for part in parts.values() for one in part)
        return {(one.spec.name, *one.labels): one.value for one in series}


def failing() -> Reading:
    """Fail as AWS' throttling does."""
    raise CollectError(Reason.THROTTLED, "slow down")


def test_success_is_published() -> None:
    """A good run shows values, coverage, health and ages, and nothing for what has no data."""
    rig = Rig(lambda: READING)
    assert not rig.refresher.status().ran
    assert ("vigia_collector_up", "rig") not in rig.shown()
    rig.refresher.run()
    shown = rig.shown()
    assert rig.published == 1
    assert shown["dataplatform_test",] == 1.0
    assert shown["vigia_collector_up", "rig"] == 1.0
    assert shown["vigia_collector_coverage_ratio", "rig"] == 0.5
    assert shown["vigia_collector_last_success_timestamp_seconds", "rig"] == rig.clock.now()
    assert ("vigia_datapoint_age_seconds", "rig", "a") in shown
    assert ("vigia_datapoint_age_seconds", "rig", "b") not in shown
    assert shown["vigia_collector_failures_total", "rig", "throttled"] == 0.0


def test_failure_keeps_values_marked_stale_then_drops_them() -> None:
    """Old values stay for a bounded time and say that they are old; none ever becomes zero."""
    clock = ManualClock()
    rig = Rig(lambda: READING, clock=clock)
    rig.refresher.run()
    clock.ticks += 100
    rig.does = failing
    rig.refresher.run()
    shown = rig.shown()
    assert shown["dataplatform_test",] == 1.0
    assert shown["vigia_collector_stale", "rig"] == 1.0
    assert shown["vigia_collector_up", "rig"] == 0.0
    assert shown["vigia_collector_failures_total", "rig", "throttled"] == 1.0
    clock.ticks += 9
    rig.refresher.run()
    assert ("dataplatform_test",) in rig.shown()
    clock.ticks += 2
    shown = rig.shown()
    assert ("dataplatform_test",) not in shown
    assert ("vigia_collector_coverage_ratio", "rig") not in shown
    assert shown["vigia_collector_stale", "rig"] == 0.0
    rig.does = lambda: READING
    rig.refresher.run()
    assert rig.shown()["dataplatform_test",] == 1.0


def test_hanging_run_is_abandoned_and_not_doubled() -> None:
    """A run that hangs times out; no second one begins before it has ended."""
    release, begun = threading.Event(), []

    def hang() -> Reading:
        begun.append(1)
        release.wait(20)
        return READING

    rig = Rig(hang, deadline=0.1)
    rig.refresher.run()
    rig.refresher.run()
    status = rig.refresher.status()
    assert (status.up, status.reason, status.failures[Reason.TIMEOUT]) == (False, "timeout", 2)
    assert len(begun) == 1
    release.set()
    rig.deadline = 5

    def well() -> bool:
        rig.refresher.run()
        return rig.refresher.status().up is True

    wait_for(well)
    assert len(begun) == 2


def test_stop_does_not_wait_for_a_hanging_run() -> None:
    """Stopping returns at once, whatever a collector is doing, and no further run begins."""
    release = threading.Event()

    def hang() -> Reading:
        release.wait(20)
        return READING

    rig = Rig(hang, deadline=60)
    thread = threading.Thread(target=rig.refresher.run)
    thread.start()
    rig.refresher.stop()
    thread.join(5)
    assert not thread.is_alive()
    release.set()
    rig.refresher.run()
    assert rig.refresher.status().up is None


def test_unforeseen_error_is_internal_with_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nobody foresaw is contained, counted and logged with its traceback."""
    rig = Rig(lambda: Reading((), 1 // 0, 0))
    with caplog.at_level(logging.WARNING):
        rig.refresher.run()
    assert rig.refresher.status().reason is Reason.INTERNAL
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        (),
        replace(READING, series=("dataplatform_test 1",)),  # type: ignore[arg-type]  # nonsense
        replace(READING, expected="2"),  # type: ignore[arg-type]  # nonsense
        replace(READING, newest={"a": "yesterday"}),  # type: ignore[dict-item]  # nonsense
    ],
)
def test_nonsense_fails_its_collector_and_keeps_what_was_good(nonsense: object) -> None:
    """What could not be shown never reaches the exposition: the values before it stay, stale."""
    rig = Rig(lambda: READING)
    rig.refresher.run()
    rig.does = lambda: cast("Reading", nonsense)
    rig.refresher.run()
    shown = rig.shown()
    assert shown["dataplatform_test",] == 1.0
    assert shown["vigia_collector_stale", "rig"] == 1.0
    assert shown["vigia_collector_failures_total", "rig", "internal"] == 1.0


def client_error(code: str, status: int = 400) -> aws_errors.ClientError:
    """Return what boto3 raises."""
    return aws_errors.ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "GetMetricData",
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (client_error("ThrottlingException"), Reason.THROTTLED),
        (client_error("Whatever", 429), Reason.THROTTLED),
        (client_error("AccessDeniedException"), Reason.DENIED),
        (client_error("ExpiredTokenException"), Reason.CREDENTIALS),
        (client_error("UnrecognizedClientException", 403), Reason.CREDENTIALS),
        (client_error("ResourceNotFoundException"), Reason.NOT_FOUND),
        (client_error("InternalFailure", 500), Reason.SERVICE),
        (aws_errors.NoCredentialsError(), Reason.CREDENTIALS),
        (aws_errors.EndpointConnectionError(endpoint_url="http://x"), Reason.UNREACHABLE),
        (aws_errors.ConnectTimeoutError(endpoint_url="http://x"), Reason.TIMEOUT),
        (aws_errors.ReadTimeoutError(endpoint_url="http://x"), Reason.TIMEOUT),
        (requests.ConnectTimeout(), Reason.TIMEOUT),
        (requests.ConnectionError(), Reason.UNREACHABLE),
        (OperationalError("select", None, Exception("locked")), Reason.STATE),
        (CollectError(Reason.ANSWER, "odd"), Reason.ANSWER),
    ],
)
def test_errors_have_closed_reasons(error: Exception, reason: Reason) -> None:
    """Every foreseen error is given the reason that an operator would give it."""
    known = classify(error)
    assert known is not None
    assert known[0] is reason


def test_unforeseen_error_is_not_guessed() -> None:
    """An error that nobody foresaw gets no reason here."""
    assert classify(ValueError("?")) is None
