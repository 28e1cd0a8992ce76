"""The exporter's pages: metrics, health, reload and the table of collectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Flask, Response, render_template_string, request

from exporter.bodies import Body
from exporter.exposition import Rendering
from exporter.refresh import Status

_OPENMETRICS = "application/openmetrics-text"
_TEXT_TYPES = ("text/plain", "text/*", "*/*")
_LANDING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Vigia exporter</title>
<style>body{font-family:sans-serif;margin:2rem}td,th{padding:.3rem .8rem;text-align:left}
table{border-collapse:collapse}tr{border-bottom:1px solid #ccc}</style></head>
<body><h1>Vigia exporter {{ version }}</h1>
<p><a href="/metrics">metrics</a> <a href="/-/healthy">healthy</a> <a href="/-/ready">ready</a></p>
<p>{{ budget }}</p>
<table><tr><th>collector</th><th>state</th><th>age of values</th><th>coverage</th>
<th>duration</th><th>cadence</th><th>cost since start</th></tr>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table></body></html>
"""


@dataclass(frozen=True)
class View:
    """What the pages show, each asked for anew."""

    rendering: Callable[[], Rendering]
    statuses: Callable[[], Sequence[Status]]
    cost: Callable[[], dict[str, float]]
    cadences: Callable[[], dict[str, str]]
    budget: Callable[[], str]
    reload: Callable[[], list[str]]
    now: Callable[[], float]
    version: str


def create_pages(view: View) -> Flask:
    """Return the application."""
    app = Flask("exporter", static_folder=None)

    @app.get("/metrics")
    def metrics() -> Response:
        return _answer(_choose(view.rendering()))

    @app.get("/-/healthy")
    def healthy() -> Response:
        return _line("healthy")

    @app.get("/-/ready")
    def ready() -> Response:
        waiting = [status.name for status in view.statuses() if not status.ran]
        if waiting:
            return _line(f"waiting for {', '.join(waiting)}", 503)
        return _line("ready")

    @app.post("/-/reload")
    def reload() -> Response:
        problems = view.reload()
        return _line("\n".join(problems), 400) if problems else _line("reloaded")

    @app.get("/")
    def landing() -> str:
        cost, cadences = view.cost(), view.cadences()
        rows = [
            _row(status, cadences.get(status.name, "-"), cost.get(status.name), view.now())
            for status in view.statuses()
        ]
        return render_template_string(
            _LANDING, rows=rows, version=view.version, budget=view.budget()
        )

    return app


def _choose(rendering: Rendering) -> Body:
    accepted = [(value.lower(), quality) for value, quality in request.accept_mimetypes]
    wanted = max((q for v, q in accepted if v.split(";")[0].strip() == _OPENMETRICS), default=0.0)
    text = max((q for v, q in accepted if v.split(";")[0].strip() in _TEXT_TYPES), default=0.0)
    return rendering.openmetrics if wanted > 0 and wanted >= text else rendering.text


def _answer(body: Body) -> Response:
    zipped = request.accept_encodings.quality("gzip") > 0
    response = Response(body.gzipped if zipped else body.plain, content_type=body.content_type)
    response.headers["Vary"] = "Accept, Accept-Encoding"
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _line(text: str, status: int = 200) -> Response:
    return Response(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")


def _row(status: Status, cadence: str, usd: float | None, now: float) -> tuple[str, ...]:
    reading = status.reading
    age = None if status.last_success is None else now - status.last_success
    return (
        status.name,
        _state(status),
        "-" if age is None else f"{max(0.0, age):.0f} s",
        "-" if reading is None else f"{reading.seen}/{reading.expected}",
        "-" if status.duration is None else f"{status.duration:.2f} s",
        cadence,
        "-" if usd is None else f"${usd:.5f}",
    )


def _state(status: Status) -> str:
    if status.up is None:
        return "waiting"
    if status.up:
        return "up"
    shown = "stale values" if status.stale else "no values"
    return f"failing: {status.reason} ({shown})"
