"""What the InfluxDB stand-in tells of itself on ``/metrics``, under influxd's own names.

As in influxd, only requests that end in 2xx or 5xx are timed, and a restart begins all counters
anew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest

_POINT_BYTES = 64
_TIMED = (2, 5)


class ServerMetrics:
    """The counters of one life of a server; ``points`` says how many points it holds."""

    def __init__(self, points: Callable[[], int]) -> None:
        self._started = time.monotonic()
        self._registry = CollectorRegistry()
        self._durations = Histogram(
            "http_api_request_duration_seconds",
            "Time taken to respond to HTTP request",
            ("handler", "method", "path", "response_code", "status", "user_agent"),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self._registry,
        )
        self._gauge("go_goroutines", "Number of goroutines", threading.active_count)
        self._gauge(
            "go_memstats_heap_alloc_bytes",
            "Number of heap bytes allocated and still in use",
            lambda: _POINT_BYTES * points(),
        )
        uptime = Gauge(
            "influxdb_uptime_seconds",
            "influxdb process uptime in seconds",
            ("id",),
            registry=self._registry,
        )
        uptime.labels("stand-in").set_function(lambda: time.monotonic() - self._started)

    def _gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        Gauge(name, text, registry=self._registry).set_function(value)

    def observe(self, path: str, status: int, agent: str, seconds: float) -> None:
        """Record one POST and how long it took."""
        if status // 100 in _TIMED:
            group = f"{status // 100}XX"
            self._durations.labels(
                "platform", "POST", path, str(status), group, agent.partition("/")[0] or "unknown"
            ).observe(seconds)

    def page(self) -> bytes:
        """Return the metrics in text format."""
        return generate_latest(self._registry)
