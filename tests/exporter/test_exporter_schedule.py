"""When collectors run."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from exporter.schedule import Aligned, Job, Schedule, next_aligned
from tests.conftest import wait_for


@given(st.floats(1.7e9, 1.9e9), st.sampled_from([0.5, 5.0, 60.0, 28_800.0]), st.floats(0, 300))
def test_runs_are_aligned(now: float, every: float, offset: float) -> None:
    """The next run is after now, at a multiple of the cadence plus the lag, within one turn."""
    at = next_aligned(now, every, offset)
    assert now < at <= now + every * 1.001
    turns = (at - offset) / every
    assert abs(turns - round(turns)) < 1e-3


def test_jitter_is_small() -> None:
    """A run is late by two hundredths of its cadence at most."""
    trigger = Aligned(Job("a", lambda: None, lambda: 60.0, lambda: 120.0))
    now = datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC)
    for _ in range(50):
        late = (trigger.get_next_fire_time(None, now) - now).total_seconds() - 59
        assert 0 <= late <= 1.2


def test_jobs_run_at_once_then_on_their_cadence_one_at_a_time() -> None:
    """Every job runs at the start, a slow one keeps no other waiting and never overlaps itself."""
    release = threading.Event()
    counts = {"quick": 0, "slow": 0}

    def quick() -> None:
        counts["quick"] += 1

    def slow() -> None:
        counts["slow"] += 1
        release.wait(20)

    schedule = Schedule([Job("quick", quick, lambda: 0.2), Job("slow", slow, lambda: 0.1)])
    schedule.start()
    try:
        wait_for(lambda: counts["quick"] >= 4)
        assert counts["slow"] == 1
    finally:
        release.set()
        schedule.stop()


def test_changed_cadence_is_taken_up() -> None:
    """After a reload a job does not wait for the end of its old, longer turn."""
    every = [3600.0]
    times: list[float] = []
    schedule = Schedule([Job("a", lambda: times.append(time.time()), lambda: every[0])])
    schedule.start()
    try:
        wait_for(lambda: len(times) == 1)
        every[0] = 0.2
        schedule.reschedule()
        wait_for(lambda: len(times) >= 3)
    finally:
        schedule.stop()


def test_only_what_is_named_is_rescheduled() -> None:
    """A changed cadence of one collector disturbs no other's turn."""
    every = [3600.0]
    counts = {"named": 0, "other": 0}

    def job(name: str) -> Job:
        return Job(name, lambda: counts.update({name: counts[name] + 1}), lambda: every[0])

    schedule = Schedule([job("named"), job("other")])
    schedule.start()
    try:
        wait_for(lambda: counts == {"named": 1, "other": 1})
        every[0] = 0.2
        schedule.reschedule(("named",))
        wait_for(lambda: counts["named"] >= 4)
        assert counts["other"] == 1
    finally:
        schedule.stop()
