"""The platform at work: what happens follows from what AWS really serves at that moment.

A file is processed only while the EventBridge rule is enabled and its state machine exists. Each
function runs the version that its alias serves (weights included) and reads the flags that are
deployed; a request that the API's cache answers runs none. Latencies, errors, logs, metrics and
points follow from that, so that only a real cure cures.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from inventory.model import Inventory
from inventory.resources import Api, Function
from simulator import instance_metrics
from simulator.aws.api_gateway import caches
from simulator.aws.lambda_functions import serving
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.pipeline import Pipeline, Work

TICK = 0.5
_FILES_PER_TICK = 2
_QUERIES_PER_TICK = 2
_NORMAL_ERRORS = 0.0005
_LATE_SHARE = 0.02
_LATE_SECONDS = 4.0
_COLD_SHARE = 0.01
_CALLERS_MISTAKES = 0.01
_CACHE_HITS = 0.6
_JUDGED = 20
_WELL = 0.5


@dataclass(frozen=True)
class Behaviour:
    """How one published version behaves: the share of its invocations that fail."""

    error_share: float = _NORMAL_ERRORS


@dataclass(frozen=True)
class Trouble:
    """What makes ``error_share`` of a function's invocations fail.

    It strikes the given ``version`` alone (None: whatever serves), and only while ``flag`` is on
    in the configuration that is deployed (None: always). With ``corrupts`` nothing fails, but that
    share of the files that are stored is damaged, which the function's own check finds.
    """

    function: str
    error_share: float
    version: str | None = None
    flag: str | None = None
    corrupts: bool = False


@dataclass(frozen=True)
class Invocation:
    """One run of a function that was just made."""

    at: float
    function: str
    version: str
    failed: bool
    seconds: float


class Workload:
    """Makes the traffic; ``now`` returns unix seconds.

    ``behaviours`` are by function and version, ``troubles`` whatever else makes functions fail;
    ``disk_used`` is how many bytes the database's disk holds.
    """

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
        self.troubles: list[Trouble] = []
        self.disk_used: float = instance_metrics.USED_BYTES
        self._warm: set[tuple[str, str]] = set()
        self.watchers: list[Callable[[Invocation], None]] = []
        self._pipeline = Pipeline(aws, inventory, now, self._put)
        self._answered: deque[bool] = deque(maxlen=_JUDGED)
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

    def is_running(self) -> bool:
        """Say whether traffic is still being made."""
        return all(thread.is_alive() for thread in self._threads)

    def is_well(self) -> bool:
        """Say whether the API answers: at least half of its last requests went well."""
        answered = list(self._answered)
        return not answered or sum(answered) >= _WELL * len(answered)

    def traffic(self) -> None:
        """One tick of files and API requests."""
        self._pipeline.settle()
        for _ in range(_FILES_PER_TICK):
            self._pipeline.deliver(self._file)
        for _ in range(_QUERIES_PER_TICK):
            self._query()

    def load(self) -> None:
        """One tick of points written to InfluxDB; slow writes slow only this down."""
        for measurement in self._inventory.influxdb.measurements:
            value = 1000 + 50 * self._rng.random()
            started = time.monotonic()
            self._influxdb.write(measurement, {"region": "SE"}, {"mw": value}, self.clock())
            self._wrote(time.monotonic() - started)
        self._invoke("influxdb_loader", "SUCCESS points written", "ERROR points were refused")

    def _wrote(self, seconds: float) -> None:
        # The platform's own metric, not one of AWS': its loader spells the name with underscores.
        database = self._inventory.influxdb.instance.replace("-", "_")
        self._put(
            "AWS/Timestream", "InfluxDB_WriteLatency", {"DatabaseName": database}, [1000 * seconds]
        )
        instance = self._inventory.influxdb.instance
        instance_metrics.observe(self._aws, instance, self.clock(), seconds, self.disk_used)

    def _file(self) -> Work:
        routed = self._invoke("lambda_router", "PROCESSED file routed", "FAILED file not routed")
        if routed.failed:
            return Work(succeeded=False, seconds=routed.seconds)
        damaged = self._strikes("structured_data_processor", None, corrupts=True)
        stored = self._invoke(
            "structured_data_processor",
            "CORRUPTED file stored with a wrong checksum" if damaged else "SUCCESS file stored",
            "ERROR file could not be read",
        )
        return Work(succeeded=not stored.failed, seconds=routed.seconds + stored.seconds)

    def _query(self) -> None:
        for name, share in (("timeseries_query_processor", 0.7), ("rag_query_processor", 0.3)):
            if self._rng.random() < share:
                for api in self._inventory.apis:
                    self._request(api, name)

    def _request(self, api: Api, function: str) -> None:
        """One request: from the cache where there is one and it can, else from the function."""
        dimensions = {"ApiName": api.name, "Stage": api.stage}
        values = {"Count": 1.0, "4XXError": float(self._rng.random() < _CALLERS_MISTAKES)}
        latency = self._rng.uniform(5, 20)
        hit = False
        if caches(self._inventory.aws.region, api.name, api.stage):
            hit = self._rng.random() < _CACHE_HITS
            values |= {"CacheHitCount": float(hit), "CacheMissCount": float(not hit)}
        answered = True
        if not hit:
            answered = not self._invoke(function, "query answered", "ERROR query failed").failed
            values["IntegrationLatency"] = self._rng.lognormvariate(5.3, 0.4)
            latency += values["IntegrationLatency"]
        values |= {"Latency": latency, "5XXError": float(not answered)}
        self._answered.append(answered)
        for name, value in values.items():
            self._put("AWS/ApiGateway", name, dimensions, [value])

    def _invoke(self, name: str, success: str, failure: str) -> Invocation:
        """Run a function once, as AWS would."""
        if name not in self._inventory.function_names:
            return Invocation(self.clock(), name, "", failed=False, seconds=0.0)
        function = self._inventory.function(name)
        version = self._version(function)
        behaviour = self.behaviours.get((name, version), Behaviour())
        failed = self._rng.random() < behaviour.error_share or self._strikes(name, version)
        seconds = self._rng.lognormvariate(-1.2, 0.5)
        self._record(function, failed=failed, seconds=seconds)
        stream = f"2026/[{version}]{name}"
        self._start_cold(function, version, stream)
        self._aws.logs.put(function.log_group, stream, self.clock(), failure if failed else success)
        invocation = Invocation(self.clock(), name, version, failed, seconds)
        for watcher in self.watchers:
            watcher(invocation)
        return invocation

    def _strikes(self, function: str, version: str | None, *, corrupts: bool = False) -> bool:
        """Say whether a trouble strikes this invocation."""
        return any(
            trouble.function == function
            and trouble.corrupts is corrupts
            and trouble.version in (None, version)
            and (trouble.flag is None or self._is_on(trouble.flag))
            and self._rng.random() < trouble.error_share
            for trouble in list(self.troubles)
        )

    def _is_on(self, flag: str) -> bool:
        where = self._inventory.appconfig
        flags = self._aws.appconfig.deployed_flags(
            where.application, where.environment, where.profile
        )
        return bool(flags.get(flag, {}).get("enabled"))

    def _start_cold(self, function: Function, version: str, stream: str) -> None:
        """Log what Lambda logs of an invocation that had to start a new instance."""
        instance = (function.name, version)
        if instance in self._warm and self._rng.random() >= _COLD_SHARE:
            return
        self._warm.add(instance)
        milliseconds = self._rng.uniform(150, 900)
        report = f"REPORT RequestId: {self._rng.getrandbits(32):08x} Init Duration: "
        self._aws.logs.put(
            function.log_group, stream, self.clock(), f"{report}{milliseconds:.2f} ms"
        )

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
