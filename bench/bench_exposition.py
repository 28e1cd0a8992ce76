"""What a scrape of 10,000 series costs: bytes kept from the last change, or rendered each time."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import requests
from prometheus_client import generate_latest
from prometheus_client.core import Metric

from bench.measure import Result, Timing, timed
from exporter.collectors.lambda_functions import ERRORS, INVOCATIONS, THROTTLES
from exporter.exposition import Exposition
from exporter.samples import Series
from web.address import Address
from web.server import WebServer

_SERIES = 10_000
_RENDERS = 15
_SCRAPES = 60


def run() -> Result:
    """Measure rendering alone, and scrapes over HTTP with gzip."""
    series = _series()
    exposition = Exposition(time.time)
    exposition.render(lambda: {"all": series}, "en")
    per_scrape = _scrapes(lambda: _rendered(series))
    cached = _scrapes(lambda: exposition.current.text.gzipped)
    rows = [
        _row("render, everything changed", timed(lambda: _anew(series), _RENDERS)),
        _row("render, one series changed", _one_changed(exposition, series)),
        _row("scrape, rendered for it", per_scrape),
        _row("scrape, cached", cached),
    ]
    body = exposition.current.text
    return Result(
        f"Exposition of {_SERIES:,} series",
        ["what", "median ms", "worst ms"],
        rows,
        [
            f"{len(body.plain):,} bytes, {len(body.gzipped):,} with gzip",
            f"a cached scrape is {per_scrape.median / cached.median:.0f} times as fast",
        ],
    )


def _row(what: str, timing: Timing) -> dict[str, object]:
    return {"what": what, "median ms": timing.median * 1000, "worst ms": timing.worst * 1000}


def _series() -> tuple[Series, ...]:
    specs = (ERRORS, INVOCATIONS, THROTTLES)
    return tuple(
        Series(specs[index % len(specs)], (f"function-{index // len(specs):05}",), float(index))
        for index in range(_SERIES)
    )


def _anew(series: tuple[Series, ...]) -> None:
    Exposition(time.time).render(lambda: {"all": series}, "en")


def _one_changed(exposition: Exposition, series: tuple[Series, ...]) -> Timing:
    changed = [series]

    def render() -> None:
        first, *others = changed[0]
        changed[0] = (replace(first), *others)
        exposition.render(lambda: {"all": changed[0]}, "en")

    return timed(render, _RENDERS)


def _rendered(series: Iterable[Series]) -> bytes:
    """Render as an exporter does that keeps nothing: one registry, walked by each scrape."""
    groups: dict[str, list[Series]] = {}
    for one in series:
        groups.setdefault(one.spec.name, []).append(one)
    families = [_metric(group) for group in groups.values()]
    return gzip.compress(generate_latest(_Registry(families)), 1, mtime=0)


def _metric(group: list[Series]) -> Metric:
    spec = group[0].spec
    found = Metric(spec.name.removesuffix("_total"), spec.help.en, spec.kind.value)
    for one in group:
        found.add_sample(spec.name, dict(zip(spec.labels, one.labels, strict=True)), one.value)
    return found


class _Registry:
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _scrapes(body: Callable[[], bytes]) -> Timing:
    server = WebServer(_app(body), Address("127.0.0.1", 0)).start()
    session = requests.Session()

    def scrape() -> bytes:
        # Raw: unpacking is the scraper's cost, not the exporter's.
        answer = session.get(server.url, timeout=30, stream=True)
        packed: bytes = answer.raw.read()
        return packed

    try:
        return timed(scrape, _SCRAPES)
    finally:
        session.close()
        server.stop()


def _app(body: Callable[[], bytes]) -> WSGIApplication:
    def application(_: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        content = body()
        start_response(
            "200 OK",
            [
                ("Content-Type", "text/plain; version=0.0.4; charset=utf-8"),
                ("Content-Encoding", "gzip"),
                ("Content-Length", str(len(content))),
            ],
        )
        return [content]

    return application
