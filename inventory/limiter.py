"""One limit per account, region and API: how many calls a second, and how many at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""Error codes that ask for fewer calls: those after which botocore waits longer."""
_LEAST_SHARE = 1 / 16
_RECOVERY = 60.0
_STEP = 1.0


class LimitError(Exception):
    """A call that could not be sent within its caller's time."""


@dataclass(frozen=True)
class Quota:
    """``rate`` calls a second, ``burst`` after a pause, and ``at_once`` under way."""

    rate: float
    burst: float
    at_once: int


OTHERS = Quota(rate=10, burst=10, at_once=8)
# Service quotas of the API references, by service and operation, or by service as a whole.
QUOTAS: Mapping[tuple[str, str], Quota] = {
    ("cloudwatch", "GetMetricData"): Quota(rate=50, burst=10, at_once=8),
    ("logs", "FilterLogEvents"): Quota(rate=5, burst=5, at_once=4),
    ("ce", ""): Quota(rate=1, burst=5, at_once=2),
    ("cloudtrail", "LookupEvents"): Quota(rate=2, burst=2, at_once=2),
}


class Limiter:
    """A token bucket and a bound on calls under way; thread-safe.

    An answer that throttles halves the rate, which recovers within a minute; ``throttles`` counts
    them, and ``waited`` are the seconds that callers were held.
    """

    def __init__(
        self,
        quota: Quota,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._quota = quota
        self._now, self._sleep, self._jitter = now, sleep, jitter
        self._free = threading.BoundedSemaphore(quota.at_once)
        self._lock = threading.Lock()
        self._rate, self._tokens = quota.rate, quota.burst
        self._at = now()
        self._slowed_at = self._at - _STEP
        self.throttles = 0
        self.waited = 0.0

    def enter(self, patience: float) -> None:
        """Hold the caller until a call may be sent; ``leave`` ends what begins here.

        Raises:
            LimitError: at once if that would take longer than ``patience`` seconds.
        """
        until = self._now() + patience
        if not self._free.acquire(timeout=max(0.0, patience)):
            raise LimitError(f"{self._quota.at_once} calls are under way already")
        try:
            self._sleep(self._reserved(until))
        except LimitError:
            self._free.release()
            raise

    def leave(self) -> None:
        """Let another call begin."""
        self._free.release()

    def slow_down(self) -> None:
        """Take note of an answer that throttles."""
        with self._lock:
            self._refill()
            self.throttles += 1
            # The calls that were under way together are throttled together: that is one sign.
            if self._at - self._slowed_at >= _STEP:
                self._slowed_at = self._at
                self._rate = max(self._rate / 2, self._quota.rate * _LEAST_SHARE)
                # At random, so that replicas do not come back in step.
                self._tokens = min(self._tokens, 0.0) - self._jitter()

    def _reserved(self, until: float) -> float:
        """Take a token, and return the seconds until it is there."""
        with self._lock:
            self._refill()
            wait = max(0.0, (1 - self._tokens) / self._rate)
            if wait > max(0.0, until - self._at):
                raise LimitError(f"the next call may be sent in {wait:.1f} s only")
            self._tokens -= 1
            self.waited += wait
            return wait

    def _refill(self) -> None:
        now = self._now()
        passed, self._at = max(0.0, now - self._at), now
        self._tokens = min(self._quota.burst, self._tokens + passed * self._rate)
        self._rate = min(self._quota.rate, self._rate + self._quota.rate * passed / _RECOVERY)


@dataclass(frozen=True)
class Limited:
    """How often a service throttled us, and how long we held calls to it back, in seconds."""

    account: str
    region: str
    service: str
    throttles: int
    waited: float


class Limits:
    """The limiters of a process; they outlive the clients, which a reload makes anew."""

    def __init__(self, quotas: Mapping[tuple[str, str], Quota] | None = None) -> None:
        self._quotas = QUOTAS if quotas is None else quotas
        self._limiters: dict[tuple[str, str, str, str], Limiter] = {}
        self._lock = threading.Lock()

    def of(self, account: str, region: str, service: str, operation: str) -> Limiter:
        """Return the limiter of an operation: its own where it has a quota, else its service's."""
        if (service, operation) not in self._quotas:
            operation = ""
        key = (account, region, service, operation)
        with self._lock:
            if key not in self._limiters:
                quota = self._quotas.get((service, operation), OTHERS)
                self._limiters[key] = Limiter(quota)
            return self._limiters[key]

    def counts(self) -> list[Limited]:
        """Return what was throttled and held back, by account, region and service."""
        sums: dict[tuple[str, str, str], tuple[int, float]] = {}
        with self._lock:
            for (account, region, service, _), limiter in self._limiters.items():
                throttles, waited = sums.get((account, region, service), (0, 0.0))
                sums[account, region, service] = (
                    throttles + limiter.throttles,
                    waited + limiter.waited,
                )
        return [Limited(*key, *count) for key, count in sorted(sums.items())]
