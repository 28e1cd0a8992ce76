"""The simulator's own HTTP face: state and faults, the sink that hears every page, API health."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import WSGIRequestHandler, make_server

from simulator import scenario
from simulator.faults import Faults

HEALTH = "/health"
"""Where the platform's API says how it is."""


@dataclass(frozen=True)
class Page:
    """One alert as a human receiver of Alertmanager would have got it."""

    at: float
    receiver: str
    status: str
    alert: str
    labels: dict[str, str]


class Sink:
    """Remembers what Alertmanager told people, in order."""

    def __init__(self) -> None:
        self._pages: list[Page] = []
        self._lock = threading.Lock()

    def hear(self, receiver: str, webhook: dict[str, Any], at: float) -> None:
        """Remember a webhook."""
        pages = [
            Page(at, receiver, one["status"], one["labels"].get("alertname", ""), one["labels"])
            for one in webhook.get("alerts", [])
        ]
        with self._lock:
            self._pages.extend(pages)

    def pages(self) -> list[Page]:
        """Return every page so far."""
        with self._lock:
            return list(self._pages)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 werkzeug's signature
        """Say nothing."""


class Control:
    """Serves on 127.0.0.1; faults are changed only with ``allowed`` authorization.

    ``is_well`` says what the platform's API would answer at its health address.
    """

    def __init__(
        self,
        faults: Faults,
        sink: Sink,
        allowed: Callable[[str | None], bool],
        is_well: Callable[[], bool],
        port: int,
    ) -> None:
        self._app = Flask("simulator", static_folder=None)
        _routes(self._app, faults, sink, allowed)
        _health(self._app, is_well)
        self._server = make_server(
            "127.0.0.1", port, self._app, threaded=True, request_handler=_Quiet
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]  # of ThreadingMixIn
        self._thread = threading.Thread(target=self._server.serve_forever, name="simulator")

    @property
    def url(self) -> str:
        """The server's URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def _routes(  # noqa: C901 one small function for each route
    app: Flask, faults: Faults, sink: Sink, allowed: Callable[[str | None], bool]
) -> None:
    def refused() -> ResponseReturnValue | None:
        if allowed(request.headers.get("Authorization")):
            return None
        return jsonify({"error": "a bearer token is needed"}), 401

    @app.get("/faults")
    def _list() -> ResponseReturnValue:
        return jsonify({"known": scenario.names(), "active": sorted(faults.active)})

    @app.post("/faults/<name>")
    def _inject(name: str) -> ResponseReturnValue:
        no = refused()
        if no is not None:
            return no
        try:
            faults.inject(scenario.load(name), time.time())
        except scenario.ScenarioError as error:
            return jsonify({"error": str(error)}), 404
        return jsonify({"injected": name})

    @app.delete("/faults/<name>")
    def _clear(name: str) -> ResponseReturnValue:
        no = refused()
        if no is not None:
            return no
        if not faults.clear(name):
            return jsonify({"error": f"no fault '{name}' is on"}), 404
        return jsonify({"cleared": name})

    @app.post("/sink/<receiver>")
    def _hear(receiver: str) -> ResponseReturnValue:
        sink.hear(receiver, request.get_json(), time.time())
        return Response(status=204)


def _health(app: Flask, is_well: Callable[[], bool]) -> None:
    @app.get(HEALTH)
    def _answer() -> ResponseReturnValue:
        well = is_well()
        return jsonify({"status": "ok" if well else "unhealthy"}), 200 if well else 503
