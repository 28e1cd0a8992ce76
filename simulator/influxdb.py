"""A stand-in of the InfluxDB 2 HTTP API, for the demo and tests: no registry ships a server.

It speaks writes in line protocol, the Flux pipelines ``from |> range |> filter |> count | last``,
``/health``, ``/ready``, ``/ping`` and ``/metrics``. What it does not speak is refused.
"""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

_SCALE = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_SPAN = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
Field = float | str | bool
_KEEP = 20_000
_LINE = re.compile(r"^((?:\\.|[^ \\])+) ((?:\"(?:\\.|[^\"])*\"|\\.|[^ \\])+)(?: (-?\d+))?$")
_STAGE = re.compile(r"^(\w+)\((.*)\)$", re.DOTALL)
_CONDITION = re.compile(r'^r\.(\w+)\s*(==|!=)\s*"([^"]*)"$')


class _InvalidError(Exception):
    """A request that the server refuses."""


@dataclass(frozen=True)
class SeriesKey:
    """What makes points one series."""

    measurement: str
    field: str
    tags: tuple[tuple[str, str], ...]

    def column(self, name: str) -> str | None:
        """Return the value of a column of the series."""
        fixed = {"_measurement": self.measurement, "_field": self.field}
        return fixed.get(name, dict(self.tags).get(name))


class InfluxStandIn:
    """One organisation with its buckets; ``write_delay`` seconds and ``fail_writes`` are faults."""

    def __init__(self, bucket: str, token: str, port: int = 0) -> None:
        self.token = token
        self.write_delay: Callable[[], float] = lambda: 0.0
        self.fail_writes: int | None = None
        self._bucket = bucket
        self._series: dict[SeriesKey, list[tuple[int, float | str | bool]]] = defaultdict(list)
        self._lock = threading.Lock()
        self._registry = CollectorRegistry()
        self._durations = Histogram(
            "http_api_request_duration_seconds",
            "Time taken to respond to HTTP request",
            ("method", "path", "status"),
            registry=self._registry,
        )
        self._server = make_server(
            "127.0.0.1", port, self._serve, threaded=True, request_handler=_Quiet
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]  # of ThreadingMixIn
        self._thread = threading.Thread(target=self._server.serve_forever, name="influxdb")

    @property
    def url(self) -> str:
        """The server's URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> InfluxStandIn:
        """Serve."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def write(
        self,
        measurement: str,
        tags: Mapping[str, str],
        fields: Mapping[str, float | str | bool],
        timestamp: float,
    ) -> None:
        """Store one point of ``timestamp`` (unix seconds), as the platform's loader does."""
        time.sleep(self.write_delay())
        with self._lock:
            for name, value in fields.items():
                key = SeriesKey(measurement, name, tuple(sorted(tags.items())))
                self._append(key, round(timestamp * 1e9), value)

    def _append(self, key: SeriesKey, at: int, value: Field) -> None:
        points = self._series[key]
        points.append((at, value))
        if len(points) > _KEEP:
            del points[: _KEEP // 10]

    def _serve(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        try:
            response = self._answer(request)
        except _InvalidError as error:
            response = _refusal(400, "invalid", str(error))
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        static = {
            "/health": '{"name":"influxdb","message":"ready","status":"pass"}',
            "/ready": '{"status":"ready"}',
        }
        if request.path in static:
            return Response(static[request.path], mimetype="application/json")
        if request.path == "/ping":
            return Response(status=204)
        if request.path == "/metrics":
            return Response(generate_latest(self._registry), mimetype="text/plain")
        if request.headers.get("Authorization") != f"Token {self.token}":
            return _refusal(401, "unauthorized", "unauthorized access")
        if request.path == "/api/v2/write":
            return self._write(request)
        if request.path == "/api/v2/query":
            return self._query(request)
        return _refusal(404, "not found", "path not found")

    def _write(self, request: Request) -> Response:
        started = time.monotonic()
        body = request.get_data(as_text=True)
        time.sleep(self.write_delay())
        if self.fail_writes is not None:
            response = _refusal(self.fail_writes, "internal error", "injected")
        elif request.args.get("bucket") != self._bucket:
            response = _refusal(
                404, "not found", f'bucket "{request.args.get("bucket")}" not found'
            )
        else:
            scale = _SCALE[request.args.get("precision", "ns")]
            points = [_parse_line(line, scale) for line in body.splitlines() if line.strip()]
            with self._lock:
                for measurement, tags, fields, at in points:
                    for name, value in fields.items():
                        self._append(SeriesKey(measurement, name, tags), at, value)
            response = Response(status=204)
        self._durations.labels("POST", "/api/v2/write", f"{response.status_code // 100}XX").observe(
            time.monotonic() - started
        )
        return response

    def _query(self, request: Request) -> Response:
        document = request.get_json()
        stages = _pipeline(document["query"])
        if stages[0] != ("from", f'bucket: "{self._bucket}"'):
            return _refusal(404, "not found", "bucket not found")
        since = 0
        matches: Callable[[SeriesKey], bool] = lambda _key: True  # noqa: E731 replaced by a filter
        final = ""
        for name, arguments in stages[1:]:
            if name == "range":
                since = _range(arguments)
            elif name == "filter":
                matches = _filter(arguments)
            elif name in ("count", "last") and not arguments:
                final = name
            else:
                raise _InvalidError(f"{name}({arguments}) is not supported here")
        if not final:
            raise _InvalidError("a pipeline must end in count() or last()")
        with self._lock:
            found = {
                key: [point for point in points if point[0] >= since]
                for key, points in self._series.items()
                if matches(key)
            }
        return Response(_csv(found, final), mimetype="text/csv")


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 werkzeug's signature
        """Say nothing."""


def _refusal(status: int, code: str, message: str) -> Response:
    body = f'{{"code":"{code}","message":"{message}"}}'.replace('""', '"')
    return Response(body, status=status, mimetype="application/json")


def _parse_line(
    line: str, scale: int
) -> tuple[str, tuple[tuple[str, str], ...], dict[str, float | str | bool], int]:
    match = _LINE.match(line)
    if not match:
        raise _InvalidError(f"unable to parse '{line[:60]}'")
    head = re.split(r"(?<!\\),", match.group(1))
    tags = tuple(sorted((name, value) for name, _, value in (p.partition("=") for p in head[1:])))
    fields = {}
    for part in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', match.group(2)):
        name, equals, text = part.partition("=")
        if not equals:
            raise _InvalidError(f"unable to parse '{line[:60]}': missing field value")
        fields[name] = _value(text)
    at = int(match.group(3)) * scale if match.group(3) else time.time_ns()
    return head[0], tags, fields, at


def _value(text: str) -> float | str | bool:
    if text.startswith('"'):
        return text[1:-1]
    if text in ("t", "T", "true", "f", "F", "false"):
        return text[0] in "tT"
    try:
        return float(text.rstrip("iu"))
    except ValueError:
        raise _InvalidError(f"invalid field value '{text}'") from None


def _pipeline(query: str) -> list[tuple[str, str]]:
    stages = []
    for part in query.strip().split("|>"):
        match = _STAGE.match(part.strip())
        if not match:
            raise _InvalidError(f"cannot parse '{part.strip()[:60]}'")
        stages.append((match.group(1), match.group(2).strip()))
    if stages[0][0] != "from":
        raise _InvalidError("a pipeline starts with from()")
    return stages


def _range(arguments: str) -> int:
    match = re.fullmatch(r"start: -(\d+)([smhd])", arguments)
    if not match:
        raise _InvalidError(f"range({arguments}) is not supported here")
    return time.time_ns() - int(match.group(1)) * _SPAN[match.group(2)] * 1_000_000_000


def _filter(arguments: str) -> Callable[[SeriesKey], bool]:
    match = re.fullmatch(r"fn: \(r\) => (.+)", arguments, re.DOTALL)
    conditions = (
        [_CONDITION.match(c.strip()) for c in match.group(1).split(" and ")] if match else []
    )
    if not conditions or None in conditions:
        raise _InvalidError(f"filter({arguments}) is not supported here")
    parsed = [c.groups() for c in conditions if c]
    return lambda key: all((key.column(n) == v) is (op == "==") for n, op, v in parsed)


def _csv(found: Mapping[SeriesKey, list[tuple[int, Any]]], final: str) -> str:
    rows = []
    for table, (key, points) in enumerate((k, p) for k, p in found.items() if p):
        at, value = max(points, key=lambda point: point[0])
        stamp = datetime.fromtimestamp(at / 1e9, UTC).isoformat().replace("+00:00", "Z")
        cell = str(len(points)) if final == "count" else str(value)
        rows.append(f",,{table},{stamp},{cell},{key.field},{key.measurement}")
    if not rows:
        return "\r\n"
    kind = "long" if final == "count" else "string"
    head = (
        f"#datatype,string,long,dateTime:RFC3339,{kind},string,string",
        "#group,false,false,false,false,true,true",
        "#default,_result,,,,,",
        ",result,table,_time,_value,_field,_measurement",
    )
    return "\r\n".join((*head, *rows, ""))
