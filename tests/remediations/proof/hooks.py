"""Where a run is broken: at a commit, on either side of a call, or by an answer."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import boto3
import sqlalchemy as sa
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from inventory.influx import SERVICE as INFLUXDB
from inventory.influx import InfluxBuckets, InfluxError
from remediations.calls import Answer
from remediations.model import Call, Run
from simulator.aws.server import CREDENTIALS
from tests.remediations.rig import Rig

Send = Callable[[Any], Any]
"""Sends a prepared request; None sends it as usual."""
OnCall = Callable[[int, "Sent"], Any]
OnStep = Callable[[int, Callable[[], Answer]], Answer]
"""Is given a step's number and how it is made, and returns what became of it."""


class Sent:
    """A call of the engine's that is about to leave."""

    def __init__(self, client: Any, operation: str, request: Any) -> None:
        self.client = client
        self.service = {"monitoring": "cloudwatch"}.get(
            client.meta.service_model.signing_name, client.meta.service_model.signing_name
        )
        self.operation = operation
        self._request = request

    def carry_out(self) -> Any:
        """Send it, and return what AWS answers."""
        return URLLib3Session(timeout=5).send(self._request)

    def lose(self) -> None:
        """Tell the caller that no answer came."""
        raise ReadTimeoutError(endpoint_url=self._request.url)

    def unreachable(self) -> None:
        """Tell the caller that nobody is there."""
        raise EndpointConnectionError(endpoint_url=self._request.url)


class SentToInflux(Sent):
    """A call to InfluxDB that is about to leave."""

    def __init__(self, operation: str, work: Callable[[], Any]) -> None:
        self.service, self.operation = INFLUXDB, operation
        self._work = work

    def carry_out(self) -> Any:
        """Make it, and return what InfluxDB answers."""
        return self._work()

    def lose(self) -> None:
        """Tell the caller that no answer came."""
        raise InfluxError("unreachable", "no answer", certain=False)

    unreachable = lose


class WatchedInflux:
    """InfluxDB's client, each of whose calls passes ``then`` before it leaves."""

    _NAMES: ClassVar = {"get_retention": "GetBuckets", "set_retention": "UpdateBucket"}

    def __init__(self, client: InfluxBuckets, then: Callable[[Sent], Any]) -> None:
        self._client = client
        self._then = then

    def __getattr__(self, name: str) -> Any:
        def call(**asked: Any) -> Any:
            self._then(SentToInflux(self._NAMES[name], partial(method, **asked)))
            return method(**asked)

        method = getattr(self._client, name)
        return call

    def close(self) -> None:
        """Hold nothing open."""


def die() -> None:
    """End this process as ``kill -9`` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def nothing(_number: int, _sent: Sent) -> None:
    """Let every call pass."""


class Hooks:
    """Counts what a rig's engine commits, reads and writes, from 1, and lets a fault strike."""

    def __init__(self, rig: Rig) -> None:
        self.commits = 0
        self.reads = 0
        self.steps = 0
        self.calls: list[tuple[str, str]] = []
        self.on_commit: Callable[[int], None] = lambda _: None
        self.on_read: OnCall = nothing
        self.on_call: OnCall = nothing
        self.on_step: OnStep = lambda _, make: make()
        self._rig = rig
        self._writers: dict[str, Any] = {}
        self._watched: set[int] = set()
        rig.writer = self._writer
        # From the rig's next start on, what an action reads passes here.
        rig._client = self._reader  # type: ignore[method-assign]

    def begin(self) -> None:
        """Begin to count, from the rig's present start on; call it again after each start."""
        sa.event.listen(self._rig.ledger.engine, "commit", self._committed)
        worker = self._rig.worker
        make = worker._make

        def made(run: Run, call: Call) -> Answer:
            self.steps += 1
            return self.on_step(self.steps, lambda: make(run, call))

        # The worker is frozen, so that nobody but a test exchanges its parts.
        object.__setattr__(worker, "_make", made)

    def prepare(self, readers: set[str], writers: set[str]) -> None:
        """Make clients before a copy needs them."""
        for service in readers:
            self._reader(service)
        for service in writers:
            self._writer(service)

    def services(self) -> tuple[set[str], set[str]]:
        """Return which services were read and written."""
        return set(self._rig._clients), set(self._writers)

    def close(self) -> None:
        """Give every connection back, so that no copy finds one that is in use."""
        for client in (*self._rig._clients.values(), *self._writers.values()):
            client.close()

    def _committed(self, _connection: sa.Connection) -> None:
        self.commits += 1
        self.on_commit(self.commits)

    def _reader(self, service: str) -> Any:
        if service == INFLUXDB:
            return WatchedInflux(Rig._client(self._rig, service), self._read)
        client = Rig._client(self._rig, service)
        if id(client) not in self._watched:
            self._watched.add(id(client))
            client.meta.events.register("before-send", self._watch(client, self._read))
        return client

    def _writer(self, service: str) -> Any:
        if service == INFLUXDB:
            return WatchedInflux(Rig._client(self._rig, service), self._wrote)
        if service not in self._writers:
            client = boto3.client(
                service,
                region_name=self._rig.aws.region,
                endpoint_url=self._rig.aws.url,
                config=Config(
                    retries={"total_max_attempts": 1},
                    read_timeout=5,
                    connect_timeout=2,
                    s3={"addressing_style": "path"},
                ),
                **CREDENTIALS,
            )
            client.meta.events.register("before-send", self._watch(client, self._wrote))
            self._writers[service] = client
        return self._writers[service]

    def _watch(self, client: Any, then: Callable[[Sent], Any]) -> Callable[..., Any]:
        def about_to_leave(request: Any, event_name: str, **_: Any) -> Any:
            return then(Sent(client, event_name.rsplit(".", 1)[-1], request))

        return about_to_leave

    def _read(self, sent: Sent) -> Any:
        self.reads += 1
        return self.on_read(self.reads, sent)

    def _wrote(self, sent: Sent) -> Any:
        self.calls.append((sent.service, sent.operation))
        return self.on_call(len(self.calls), sent)
