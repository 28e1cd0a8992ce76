"""The simulator's own HTTP face: state and faults, the sink that hears every page, API health."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import WSGIRequestHandler, make_server

from simulator import scenario
from simulator.layout import HEALTH
from simulator.scenarios import names
from simulator.script import Scripts
from simulator.sink import Sink


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 werkzeug's signature
        """Say nothing."""


class Control:
    """Serves on 127.0.0.1; faults are changed only with ``allowed`` authorization.

    ``is_well`` says what the platform's API would answer at its health address.
    """

    def __init__(
        self,
        scripts: Scripts,
        sink: Sink,
        allowed: Callable[[str | None], bool],
        is_well: Callable[[], bool],
        port: int,
    ) -> None:
        self._app = Flask("simulator", static_folder=None)
        _routes(self._app, scripts, sink, allowed)
        _health(self._app, is_well)
        self._server = make_server(
            "127.0.0.1", port, self._app, threaded=True, request_handler=_Quiet
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]  # of ThreadingMixIn
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="simulator"
        )

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
    app: Flask, scripts: Scripts, sink: Sink, allowed: Callable[[str | None], bool]
) -> None:
    def refused() -> ResponseReturnValue | None:
        if allowed(request.headers.get("Authorization")):
            return None
        return jsonify({"error": "a bearer token is needed"}), 401

    @app.get("/faults")
    def _list() -> ResponseReturnValue:
        return jsonify(
            {
                "known": names(),
                "active": sorted(one.scenario.name for one in scripts.active),
            }
        )

    @app.post("/faults/<name>")
    def _inject(name: str) -> ResponseReturnValue:
        no = refused()
        if no is not None:
            return no
        try:
            scripts.begin(scenario.load(name))
        except scenario.ScenarioError as error:
            return jsonify({"error": str(error)}), 404
        return jsonify({"injected": name})

    @app.delete("/faults/<name>")
    def _clear(name: str) -> ResponseReturnValue:
        no = refused()
        if no is not None:
            return no
        if not scripts.end(name):
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
