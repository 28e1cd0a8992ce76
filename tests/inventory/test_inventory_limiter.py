"""The limiter: never more than the quota, never longer than the caller's time, slower when told."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.limiter import QUOTAS, Limiter, LimitError, Limits, Quota
from tests.conftest import wait_for


@dataclass
class Hours:
    """Time that passes when somebody sleeps."""

    at: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        """Return the time."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.at += seconds


def limiter(hours: Hours, rate: float = 10, burst: float = 5, jitter: float = 0.0) -> Limiter:
    """Return a limiter over made-up time."""
    return Limiter(Quota(rate, burst, 2), hours.now, hours.sleep, lambda: jitter)


@given(
    rate=st.floats(0.5, 50),
    burst=st.integers(1, 20),
    calls=st.lists(st.tuples(st.floats(0, 2), st.floats(0, 3), st.booleans()), max_size=60),
)
def test_no_window_holds_more_than_the_quota(
    rate: float, burst: int, calls: list[tuple[float, float, bool]]
) -> None:
    """Whenever calls come and whatever is answered, any span holds at most burst and rate."""
    hours, sent = Hours(), []
    limited = limiter(hours, rate, burst, jitter=0.5)
    for pause, patience, throttled in calls:
        hours.at += pause
        begun = hours.at
        try:
            limited.enter(patience)
        except LimitError:
            assert hours.at == begun
            continue
        assert hours.at - begun <= patience
        sent.append(hours.at)
        if throttled:
            limited.slow_down()
        limited.leave()
    for first, last in itertools.combinations(range(len(sent)), 2):
        assert last - first + 1 <= burst + rate * (sent[last] - sent[first]) + 1e-6
    assert limited.waited == pytest.approx(sum(hours.slept))


def took(limited: Limiter, hours: Hours, calls: int) -> float:
    """Return the seconds that a row of calls takes."""
    begun = hours.at
    for _ in range(calls):
        limited.enter(1000)
        limited.leave()
    return hours.at - begun


def test_throttling_halves_the_rate_which_recovers() -> None:
    """Every second of throttling halves it, down to a sixteenth; a quiet minute restores it."""
    hours = Hours()
    limited = limiter(hours)
    took(limited, hours, 5)
    assert took(limited, hours, 10) == pytest.approx(1.0)
    for _ in range(8):
        limited.slow_down()
    # Eight answers to calls that were under way together are one sign.
    assert limited.throttles == 8
    assert took(limited, hours, 5) == pytest.approx(1.0, rel=0.1)
    for _ in range(10):
        hours.at += 1.0
        limited.slow_down()
    assert took(limited, hours, 1) == pytest.approx(1.6, rel=0.1)
    hours.at += 60
    took(limited, hours, 5)
    assert took(limited, hours, 10) == pytest.approx(1.0)


def test_calls_come_back_at_random_after_throttling() -> None:
    """The first call after it waits for up to one more turn, so that replicas do not keep step."""
    waits = []
    for jitter in (0.0, 0.5, 1.0):
        hours = Hours()
        limited = limiter(hours, jitter=jitter)
        took(limited, hours, 5)
        limited.slow_down()
        waits.append(took(limited, hours, 1))
    assert waits == pytest.approx([0.2, 0.3, 0.4])


def test_calls_under_way_are_bounded() -> None:
    """A call beyond the bound waits for another to end, and gives up in time."""
    limited = Limiter(Quota(1000, 1000, 2))
    limited.enter(1)
    limited.enter(1)
    with pytest.raises(LimitError):
        limited.enter(0.05)
    waiting = threading.Thread(target=limited.enter, args=(10,))
    waiting.start()
    limited.leave()
    waiting.join(5)
    assert not waiting.is_alive()
    with pytest.raises(LimitError):
        limited.enter(0)
    limited.leave()
    wait_for(lambda: limited.enter(0) is None)


def test_limits_are_by_account_region_and_api() -> None:
    """An operation with a quota of its own has a limiter of its own; the others share."""
    limits = Limits(QUOTAS)
    get = limits.of("1", "here", "cloudwatch", "GetMetricData")
    assert limits.of("1", "here", "cloudwatch", "GetMetricData") is get
    others = {
        limits.of("1", "here", "cloudwatch", "ListMetrics"),
        limits.of("2", "here", "cloudwatch", "GetMetricData"),
        limits.of("1", "there", "cloudwatch", "GetMetricData"),
    }
    assert len(others | {get}) == 4
    cost = limits.of("1", "here", "ce", "GetCostForecast")
    assert limits.of("1", "here", "ce", "GetCostAndUsage") is cost
    get.slow_down()
    found = {(one.account, one.region, one.service): one.throttles for one in limits.counts()}
    assert found == {
        ("1", "here", "ce"): 0,
        ("1", "here", "cloudwatch"): 1,
        ("1", "there", "cloudwatch"): 0,
        ("2", "here", "cloudwatch"): 0,
    }
