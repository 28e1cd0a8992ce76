"""The platform at work: what happens follows from what AWS really serves at that moment.

A file arrives only while the EventBridge rule is enabled. Each function runs the version that its
alias serves (weights included) and reads the flags that are deployed. Latencies, errors, logs,
metrics and points follow from that, so that only a real cure cures.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.events.models import events_backends

from inventory.model import Inventory
from inventory.resources import Function
from simulator.aws.lambda_functions import serving
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn

TICK = 0.5
_FILES_PER_TICK = 2
_QUERIES_PER_TICK = 2
_NORMAL_ERRORS = 0.0005
_LATE_SHARE = 0.02
_LATE_SECONDS = 4.0


@dataclass(frozen=True)
class Behaviour:
    """How one published version behaves: the share of its invocations that fail."""

    error_share: float = _NORMAL_ERRORS


@dataclass(frozen=True)
class Invocation:
    """One run of a function that was just made."""

    at: float
    function: str
    version: str
    failed: bool
    seconds: float


class Workload:
    """Makes the traffic; ``now`` returns unix seconds. ``behaviours`` are by function, version."""

    def __init__(
        self,
        aws: EmbeddedAws,
        influxdb: InfluxStandIn,
        inventory: Inventory,
        now: Callable[[], float],
        rng: random.Random,
    ) -> None:
        self._aws = aws
        self._influxdb = influxdb
        self._inventory = inventory
        self.clock = now
        self._rng = rng
        self.behaviours: dict[tuple[str, str], Behaviour] = {}
        self.watchers: list[Callable[[Invocation], None]] = []
        self._stop = threading.Event()
        self._running = threading.Event()
        self._running.set()
        self._threads = [
            threading.Thread(target=self._loop, args=(work,), name=f"workload-{work.__name__}")
            for work in (self.traffic, self.load)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def pause(self) -> None:
        """Make no traffic until ``resume``; the ticks under way still end."""
        self._running.clear()

    def resume(self) -> None:
        """Go on."""
        self._running.set()

    def stop(self) -> None:
        """End after the ticks that are under way."""
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _loop(self, work: Callable[[], None]) -> None:
        while not self._stop.wait(TICK):
            if self._running.is_set():
                work()

    def traffic(self) -> None:
        """One tick of files and API requests."""
        if self._rule_enabled():
            for _ in range(_FILES_PER_TICK):
                self._file()
        for _ in range(_QUERIES_PER_TICK):
            self._query()

    def load(self) -> None:
        """One tick of points written to InfluxDB; slow writes slow only this down."""
        for measurement in self._inventory.influxdb.measurements:
            value = 1000 + 50 * self._rng.random()
            self._influxdb.write(measurement, {"region": "SE"}, {"mw": value}, self.clock())
        self._invoke("influxdb_loader", "SUCCESS points written", "ERROR points were refused")

    def _rule_enabled(self) -> bool:
        backend = events_backends[DEFAULT_ACCOUNT_ID][self._inventory.aws.region]
        return all(
            backend.describe_rule(rule.name, rule.bus).state == "ENABLED"
            for rule in self._inventory.rules
        )

    def _file(self) -> None:
        routed = self._invoke("lambda_router", "PROCESSED file routed", "FAILED file not routed")
        if routed:
            self._invoke(
                "structured_data_processor", "SUCCESS file stored", "ERROR file could not be read"
            )

    def _query(self) -> None:
        for name, share in (("timeseries_query_processor", 0.7), ("rag_query_processor", 0.3)):
            if self._rng.random() < share:
                answered = self._invoke(name, "query answered", "ERROR query failed")
                self._api(failed=not answered)

    def _api(self, *, failed: bool) -> None:
        for api in self._inventory.apis:
            dimensions = {"ApiName": api.name, "Stage": api.stage}
            values = {
                "Latency": self._rng.lognormvariate(5.3, 0.4),
                "Count": 1.0,
                "5XXError": float(failed),
                "4XXError": float(self._rng.random() < 0.01),  # noqa: PLR2004 callers' mistakes
            }
            for name, value in values.items():
                self._put("AWS/ApiGateway", name, dimensions, [value])

    def _invoke(self, name: str, success: str, failure: str) -> bool:
        """Run a function once, as AWS would; return whether it succeeded."""
        if name not in self._inventory.function_names:
            return True
        function = self._inventory.function(name)
        version = self._version(function)
        behaviour = self.behaviours.get((name, version), Behaviour())
        failed = self._rng.random() < behaviour.error_share
        seconds = self._rng.lognormvariate(-1.2, 0.5)
        self._record(function, failed=failed, seconds=seconds)
        stream = f"2026/[{version}]{name}"
        self._aws.logs.put(function.log_group, stream, self.clock(), failure if failed else success)
        invocation = Invocation(self.clock(), name, version, failed, seconds)
        for watcher in self.watchers:
            watcher(invocation)
        return not failed

    def _version(self, function: Function) -> str:
        shares = serving(self._inventory.aws.region, function.name, function.alias)
        return self._rng.choices(list(shares), weights=list(shares.values()))[0]

    def _record(self, function: Function, *, failed: bool, seconds: float) -> None:
        dimensions = {"FunctionName": function.name}
        self._put("AWS/Lambda", "Invocations", dimensions, [1.0])
        self._put("AWS/Lambda", "Errors", dimensions, [float(failed)])
        self._put("AWS/Lambda", "Throttles", dimensions, [0.0])
        self._put("AWS/Lambda", "Duration", dimensions, [seconds * 1000])
        if ready := self._aws.provisioned.ready(function.name, function.alias):
            resource = {"Resource": f"{function.name}:{function.alias}", **dimensions}
            self._put("AWS/Lambda", "ProvisionedConcurrencyUtilization", resource, [1 / ready])
            self._put("AWS/Lambda", "ProvisionedConcurrencySpilloverInvocations", resource, [0.0])

    def _put(
        self, namespace: str, name: str, dimensions: dict[str, str], values: list[float]
    ) -> None:
        # Some values become visible late and revise a period that was read already.
        late = _LATE_SECONDS if self._rng.random() < _LATE_SHARE else 0.0
        self._aws.metrics.put(namespace, name, dimensions, self.clock() - late, values)
