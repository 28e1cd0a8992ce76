"""The maintenance collector against a real Alertmanager."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from exporter.collector import CollectError, Reason
from exporter.collectors.maintenance import parse
from exporter.failures import classify
from simulator.processes import free_port
from tests.conftest import wait_for
from tests.exporter.support import Bench

ACTIVE = ("maintenance_active",)
UNTIL = ("maintenance_until_timestamp_seconds",)
QUIET = {("silences_active",): 0.0, ACTIVE: 0.0}


@pytest.fixture(autouse=True)
def asked(bench: Bench, alertmanager: str) -> None:
    """The bench's inventory names the Alertmanager."""
    at(bench, alertmanager)


def at(bench: Bench, url: str) -> None:
    """Let the bench ask this Alertmanager."""
    alerting = bench.inventory.alerting.model_copy(update={"alertmanager_url": url})
    bench.inventory = bench.inventory.model_copy(update={"alerting": alerting})


def silence(
    url: str, comment: str, ends: float, *, by: str = "vigia", begins: float | None = None
) -> str:
    """Create a silence from now on, or from ``begins``, until ``ends``; return its id."""
    now = datetime.now(UTC).timestamp()
    document = {
        "matchers": [{"name": "service", "value": "api", "isRegex": False, "isEqual": True}],
        "startsAt": datetime.fromtimestamp(begins or now, UTC).isoformat(),
        "endsAt": datetime.fromtimestamp(ends, UTC).isoformat(),
        "createdBy": by,
        "comment": comment,
    }
    answer = requests.post(f"{url}/api/v2/silences", json=document, timeout=5)
    answer.raise_for_status()
    identity: str = answer.json()["silenceID"]
    return identity


@pytest.fixture
def hour() -> float:
    """A whole second about an hour from now, by the machine's clock as Alertmanager's is."""
    return float(int(datetime.now(UTC).timestamp()) + 3600)


def test_without_silences_there_is_no_window(bench: Bench) -> None:
    """An Alertmanager that holds no silence of ours: none is active, and nothing has an end."""
    assert bench.collect("maintenance") == QUIET


def test_a_window_is_active_until_its_end(bench: Bench, alertmanager: str, hour: float) -> None:
    """A silence of ours for maintenance is a window; it is over when the silence is expired."""
    identity = silence(alertmanager, "maintenance: database upgrade", hour)
    assert bench.collect("maintenance") == {
        ("silences_active",): 1.0,
        ("silences_earliest_end_timestamp_seconds",): hour,
        ("silences_latest_end_timestamp_seconds",): hour,
        ACTIVE: 1.0,
        UNTIL: hour,
    }
    requests.delete(f"{alertmanager}/api/v2/silence/{identity}", timeout=5).raise_for_status()
    assert bench.collect("maintenance") == QUIET


def test_a_window_ends_by_itself(bench: Bench, alertmanager: str) -> None:
    """Nobody need end a window: Alertmanager's hard end does."""
    silence(alertmanager, "maintenance: short", datetime.now(UTC).timestamp() + 1.5)
    assert bench.collect("maintenance")[ACTIVE] == 1.0
    wait_for(lambda: bench.collect("maintenance") == QUIET, 20)


def test_other_silences_of_ours_are_no_window(bench: Bench, alertmanager: str, hour: float) -> None:
    """Silences of ours are counted with their first and last end; one of them is a window."""
    silence(alertmanager, "acknowledged by operations", hour - 600)
    silence(alertmanager, "maintenance: network", hour)
    silence(alertmanager, "maintenance: network, prolonged", hour + 600)
    silence(alertmanager, "not for maintenance: noisy", hour + 1200)
    found = bench.collect("maintenance")
    assert found["silences_active",] == 4.0
    assert found["silences_earliest_end_timestamp_seconds",] == hour - 600
    assert found["silences_latest_end_timestamp_seconds",] == hour + 1200
    assert (found[ACTIVE], found[UNTIL]) == (1.0, hour + 600)


def test_silences_of_people_and_of_the_future(bench: Bench, alertmanager: str, hour: float) -> None:
    """A person's silence is not ours, and one that has not begun is not in force."""
    silence(alertmanager, "maintenance: mine", hour, by="ana")
    silence(alertmanager, "maintenance: tonight", hour + 60, begins=hour)
    assert bench.collect("maintenance") == QUIET


def test_absent_alertmanager_is_no_answer(bench: Bench) -> None:
    """Where nothing listens the collection fails as unreachable: it never says no window."""
    at(bench, f"http://127.0.0.1:{free_port()}")
    assert _reason(bench) is Reason.UNREACHABLE


def test_failing_alertmanager_is_no_answer(bench: Bench, alertmanager: str) -> None:
    """An error status, or something that is not Alertmanager, fails the collection too."""
    at(bench, f"{alertmanager}/nowhere")
    assert _reason(bench) is Reason.UNREACHABLE
    at(bench, f"{alertmanager}/-/ready?")
    assert _reason(bench) is Reason.ANSWER
    at(bench, f"{alertmanager}/api/v2/status?")
    assert _reason(bench) is Reason.ANSWER


def _reason(bench: Bench) -> Reason:
    with pytest.raises((CollectError, requests.RequestException)) as failed:
        bench.collect("maintenance")
    known = classify(failed.value)
    assert known is not None
    return known[0]


@pytest.mark.parametrize(
    "document",
    [
        {"error": "no"},
        [{"createdBy": "vigia"}],
        [{"createdBy": "vigia", "status": "active", "comment": "", "endsAt": ""}],
        [{"createdBy": "vigia", "status": {"state": "active"}, "comment": "", "endsAt": "soon"}],
        7,
    ],
)
def test_strange_answers_are_refused(document: Any) -> None:
    """What is not a list of silences is an invalid answer, not an empty one."""
    with pytest.raises(CollectError) as failed:
        parse(document)
    assert failed.value.reason is Reason.ANSWER


def test_nothing_is_sent_to_aws(bench: Bench) -> None:
    """Alertmanager is not AWS: the plan knows of no call, and none is made."""
    bench.collect("maintenance")
    assert bench.collectors["maintenance"].uses(bench.inventory) == ()
    assert bench.tally.bill().requests == {}
