"""The fake's second port: counts, faults, profiles, and whether it listens at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from bench.fake.faults import Fault
from bench.fake.http import Connection
from bench.fake.ledger import Ledger
from bench.fake.metric_data import MAX_DATAPOINTS
from bench.fake.service import Call, Reply, Service

_JSON = (("Content-Type", "application/json"),)
_HOST = "127.0.0.1"


class Gate:
    """The data port: opened, shut so that connections are refused, opened again as it was."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        """Listen; the port is kept from the first time on."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._connected, _HOST, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def _connected(self) -> Connection:
        self._service.ledger.connections += 1
        return Connection(self._service.handle, self._connections)

    async def shut(self) -> None:
        """Refuse connections, and cut those that are open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Cut the open connections: who hangs on one learns of it."""
        for connection in tuple(self._connections):
            connection.abort()


class Control:
    """``GET /`` reports; ``GET /served`` tells what was; ``POST /`` changes what its keys name."""

    def __init__(self, service: Service, gate: Gate) -> None:
        self._service = service
        self._gate = gate
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, call: Call) -> Reply:
        """Answer one request."""
        try:
            if call.method == "POST":
                self._change(orjson.loads(call.body))
        except (ValueError, TypeError, KeyError) as error:
            return Reply(400, orjson.dumps({"error": str(error)}), _JSON)
        if call.path == "/served":
            served = self._service.served
            content = {"since": served.since, "until": served.until}
            return Reply(200, orjson.dumps(content), _JSON)
        world = self._service.world
        report = self._service.ledger.report()
        report["newest"] = world.newest(self._service.now())
        return Reply(200, orjson.dumps(report), _JSON)

    def _change(self, wanted: Mapping[str, Any]) -> None:
        known = {"fault", "listen", "profile", "errors", "page_datapoints", "reset"}
        if unknown := set(wanted) - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        world = self._service.world
        if "fault" in wanted:
            content = wanted["fault"]
            self._service.fault = None if content is None else Fault.of(content)
            self._gate.cut()
        if "profile" in wanted:
            world.set_profile(wanted["profile"]["name"], wanted["profile"]["start"])
        if "errors" in wanted:
            asked = wanted["errors"]
            world.add_errors(asked["function"], asked["start"], asked["count"])
        if "page_datapoints" in wanted:
            self._service.page_datapoints = int(wanted["page_datapoints"] or MAX_DATAPOINTS)
        if wanted.get("reset"):
            self._service.ledger = Ledger()
        if "listen" in wanted:
            task = asyncio.ensure_future(
                self._gate.open() if wanted["listen"] else self._gate.shut()
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
