"""A stand-in of the InfluxDB 2 HTTP API, for the demo and tests: no registry ships a server.

It speaks writes in line protocol, the Flux pipelines ``from |> range |> filter |> count | last``,
a bucket's retention, ``/health``, ``/ready``, ``/ping`` and ``/metrics``. What it does not speak is
refused.
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

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request, Response

from simulator.influxdb_buckets import BucketsApi
from simulator.influxdb_metrics import ServerMetrics
from simulator.listening import listen

_WRITE = "/api/v2/write"
_QUERY = "/api/v2/query"
_SCALE = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_SPAN = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
Field = float | str | bool
_KEEP = 20_000
_TEXT = r'(?!")(?:\\.|[^,= \\])+'
_STRING = r'"(?:\\.|[^"\\])*"'
_FIELD = rf"{_TEXT}=(?:{_STRING}|{_TEXT})"
_LINE = re.compile(
    rf"^((?:\\.|[^, \\])+)((?:,{_TEXT}={_TEXT})*) ({_FIELD}(?:,{_FIELD})*)(?: (-?\d+))?$", re.DOTALL
)
_PAIR = re.compile(rf"({_TEXT})=({_STRING}|{_TEXT})", re.DOTALL)
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
    """One organisation with its buckets.

    ``write_delay`` and ``query_delay`` (seconds) and ``fail_writes`` (a status) are faults. Without
    a ``port`` nothing is served: ``app`` can be put into another server.
    """

    def __init__(
        self,
        bucket: str,
        token: str,
        port: int | None = 0,
        *,
        org: str = "ons",
        host: str = "127.0.0.1",
    ) -> None:
        self.token = token
        self.write_delay: Callable[[], float] = lambda: 0.0
        self.query_delay: Callable[[], float] = lambda: 0.0
        self.fail_writes: int | None = None
        self._bucket = bucket
        self._series: dict[SeriesKey, list[tuple[int, float | str | bool]]] = defaultdict(list)
        self._lock = threading.Lock()
        self._metrics = ServerMetrics(self.points)
        self.buckets = BucketsApi(bucket, org, self._drop)
        self._server: BaseWSGIServer | None = None
        if port is not None:
            self._server = listen(host, port, self.app, _Quiet)
            self._server.daemon_threads = True  # type: ignore[attr-defined]  # of ThreadingMixIn
        self._thread = threading.Thread(target=self._serve, name="influxdb")

    @property
    def url(self) -> str:
        """The server's URL; raises ValueError where nothing is served."""
        if self._server is None:
            raise ValueError("there is no server")
        return f"http://127.0.0.1:{self._server.port}"

    def start(self) -> InfluxStandIn:
        """Serve."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving."""
        if self._server is None:
            return
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def _serve(self) -> None:
        if self._server is not None:
            self._server.serve_forever(poll_interval=0.05)

    def restart(self) -> None:
        """Begin every counter anew, as a new process would; the data stay."""
        self._metrics = ServerMetrics(self.points)

    def points(self) -> int:
        """Return how many points are stored."""
        with self._lock:
            return sum(len(points) for points in self._series.values())

    def write(
        self,
        measurement: str,
        tags: Mapping[str, str],
        fields: Mapping[str, float | str | bool],
        timestamp: float,
    ) -> None:
        """Store one point of ``timestamp`` (unix seconds), as the platform's loader does."""
        started = time.monotonic()
        time.sleep(self.write_delay())
        with self._lock:
            for name, value in fields.items():
                key = SeriesKey(measurement, name, tuple(sorted(tags.items())))
                self._append(key, round(timestamp * 1e9), value)
        self._metrics.observe(_WRITE, 204, "loader", time.monotonic() - started)

    def _append(self, key: SeriesKey, at: int, value: Field) -> None:
        points = self._series[key]
        points.append((at, value))
        if len(points) > _KEEP:
            del points[: _KEEP // 10]

    def _drop(self, seconds: int) -> None:
        """Remove what is older than ``seconds``, as a shorter retention does."""
        since = time.time_ns() - seconds * 1_000_000_000
        with self._lock:
            for points in self._series.values():
                points[:] = [point for point in points if point[0] >= since]

    def app(self, environ: Any, start_response: Any) -> Any:
        """Answer one request (WSGI)."""
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
            return Response(self._metrics.page(), mimetype="text/plain")
        if request.headers.get("Authorization") != f"Token {self.token}":
            return _refusal(401, "unauthorized", "unauthorized access")
        changed = self.buckets.answer(request)
        if changed is not None:
            return changed
        answers = {_WRITE: self._write, _QUERY: self._query}
        if request.path not in answers:
            return _refusal(404, "not found", "path not found")
        started = time.monotonic()
        response = answers[request.path](request)
        agent = request.headers.get("User-Agent", "")
        elapsed = time.monotonic() - started
        self._metrics.observe(request.path, response.status_code, agent, elapsed)
        return response

    def _write(self, request: Request) -> Response:
        body = request.get_data(as_text=True)
        time.sleep(self.write_delay())
        if self.fail_writes is not None:
            return _refusal(self.fail_writes, "internal error", "injected")
        if request.args.get("bucket") != self._bucket:
            return _refusal(404, "not found", f'bucket "{request.args.get("bucket")}" not found')
        scale = _SCALE[request.args.get("precision", "ns")]
        points = [_parse_line(line, scale) for line in body.splitlines() if line.strip()]
        with self._lock:
            for measurement, tags, fields, at in points:
                for name, value in fields.items():
                    self._append(SeriesKey(measurement, name, tags), at, value)
        return Response(status=204)

    def _query(self, request: Request) -> Response:
        document = request.get_json()
        time.sleep(self.query_delay())
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
    measurement, tags, fields, at = match.groups()
    return (
        _unescaped(measurement),
        tuple(sorted((_unescaped(n), _unescaped(v)) for n, v in _PAIR.findall(tags))),
        {_unescaped(name): _value(text) for name, text in _PAIR.findall(fields)},
        int(at) * scale if at else time.time_ns(),
    )


def _unescaped(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text)


def _value(text: str) -> float | str | bool:
    if text.startswith('"'):
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
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
        texts = (_cell(text) for text in (cell, key.field, key.measurement))
        rows.append(",".join(("", "", str(table), stamp, *texts)))
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


def _cell(text: str) -> str:
    quoted = '"{}"'.format(text.replace('"', '""'))
    return quoted if set(text) & set(',"\r\n') else text
