"""InfluxDB's server as it tells of itself: its listener, and its own request durations."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import deadline
from exporter.collector import Collector, Context, Reading, Use
from exporter.samples import HistogramValue, Series
from exporter.sources.http_get import Get, verifying
from inventory.model import Inventory

# influxd's own bounds: the defaults of Prometheus' client for Go.
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

LISTENER_UP = MetricSpec(
    "dataplatform_influxdb_listener_up",
    Kind.GAUGE,
    ("instance_id", "endpoint"),
    Text(
        "1 se o endereço respondeu com sucesso; health e ready respondem sempre o mesmo: provam que"
        " algo escuta, e nada mais",
        "1 if the address answered with success; health and ready always answer the same: they"
        " prove a listener, nothing more",
    ),
)
WRITES = MetricSpec(
    "dataplatform_influxdb_server_write_duration_seconds",
    Kind.HISTOGRAM,
    ("instance_id",),
    Text(
        "Duração das escritas medida pelo próprio servidor (só as que terminaram em 2xx ou 5xx)",
        "Duration of writes as the server itself measures it (only those that ended in 2xx or 5xx)",
    ),
    buckets=_BOUNDS,
)
QUERIES = MetricSpec(
    "dataplatform_influxdb_server_query_duration_seconds",
    Kind.HISTOGRAM,
    ("instance_id",),
    Text(
        "Duração das consultas medida pelo próprio servidor (só as que terminaram em 2xx ou 5xx)",
        "Duration of queries as the server itself measures it (only those that ended in 2xx or"
        " 5xx)",
    ),
    buckets=_BOUNDS,
)
GOROUTINES = MetricSpec(
    "dataplatform_influxdb_server_goroutines",
    Kind.GAUGE,
    ("instance_id",),
    Text("Goroutines do servidor", "Goroutines of the server"),
)
HEAP = MetricSpec(
    "dataplatform_influxdb_server_heap_bytes",
    Kind.GAUGE,
    ("instance_id",),
    Text("Memória heap em uso pelo servidor", "Heap memory in use by the server"),
)
OPEN_FDS = MetricSpec(
    "dataplatform_influxdb_server_open_fds",
    Kind.GAUGE,
    ("instance_id",),
    Text(
        "Descritores abertos pelo servidor, conexões incluídas; ausente se ele não os conta",
        "Descriptors that the server has open, connections among them; absent if it counts none",
    ),
)
SPECS = (LISTENER_UP, WRITES, QUERIES, GOROUTINES, HEAP, OPEN_FDS)

_NAME = "influxdb_server"
_LOG = logging.getLogger(__name__)
_MOST_BYTES = 16 * 1024**2
_MOST = 2.0**63
_COUNTERS = "counters"
_FAMILY = "http_api_request_duration_seconds"
_PATHS = {"/api/v2/write": WRITES, "/api/v2/query": QUERIES}
_GAUGES = {
    "go_goroutines": GOROUTINES,
    "go_memstats_heap_alloc_bytes": HEAP,
    "process_open_fds": OPEN_FDS,
}
_UPTIME = "influxdb_uptime_seconds"


@dataclass(frozen=True)
class Durations:
    """Cumulative counts for the bounds in order and for all, and the sum of seconds."""

    counts: tuple[float, ...] = (0.0,) * (len(_BOUNDS) + 1)
    sum: float = 0.0

    def __add__(self, other: Durations) -> Durations:
        """Return both together."""
        counts = (a + b for a, b in zip(self.counts, other.counts, strict=True))
        return Durations(tuple(counts), self.sum + other.sum)

    def since(self, before: Durations) -> Durations:
        """Return what was added since ``before``: all of it, if the counter began anew."""
        pairs = tuple(zip(self.counts, before.counts, strict=True))
        if self.sum < before.sum or any(now < then for now, then in pairs):
            return self
        return Durations(tuple(now - then for now, then in pairs), self.sum - before.sum)


@dataclass(frozen=True)
class Page:
    """What is read from influxd's metrics. ``uptime`` is in seconds, None if it is not told."""

    durations: Mapping[str, Durations]
    gauges: Mapping[str, float]
    uptime: float | None = None


@dataclass(frozen=True)
class Record:
    """What is durable: influxd's counters as last read at ``at`` (unix seconds), and our totals."""

    url: str
    at: float
    last: Mapping[str, Durations]
    totals: Mapping[str, Durations]


def parse(text: str) -> Page:
    """Read the lines of influxd's metrics that are wanted here, of thousands.

    Raises:
        ValueError: if they are malformed, or none is there.
    """
    wanted = "\n".join(line for line in text.split("\n") if _is_wanted(line))
    samples = [s for family in text_string_to_metric_families(wanted) for s in family.samples]
    if not samples:
        raise ValueError("these are no metrics of influxd")
    found: dict[str, dict[str, float]] = {path: {} for path in _PATHS}
    single: dict[str, float] = {}
    for sample in samples:
        if not 0 <= sample.value < _MOST:
            raise ValueError(f"{sample.name} is negative, endless or no number")
        value = float(sample.value)
        path = found.get(sample.labels.get("path", ""))
        if path is None:
            single[sample.name] = value
        elif sample.labels.get("method") == "POST":
            # Summed over what else tells requests apart: status, client.
            part = sample.labels.get("le", sample.name)
            path[part] = path.get(part, 0.0) + value
    return Page(
        {path: _durations(parts) for path, parts in found.items()},
        {name: value for name, value in single.items() if name in _GAUGES},
        single.get(_UPTIME),
    )


def _is_wanted(line: str) -> bool:
    if line.startswith(_FAMILY):
        return any(f'"{path}"' in line for path in _PATHS)
    return line.startswith((*_GAUGES, _UPTIME))


def _durations(parts: Mapping[str, float]) -> Durations:
    if not parts:
        # Nothing was asked since influxd began.
        return Durations()
    counts = {float(bound): n for bound, n in parts.items() if not bound.startswith(_FAMILY)}
    if tuple(sorted(counts)) != (*_BOUNDS, math.inf):
        raise ValueError(f"{_FAMILY} has other bounds than influxd's")
    ordered = tuple(counts[bound] for bound in sorted(counts))
    if list(ordered) != sorted(ordered) or f"{_FAMILY}_sum" not in parts:
        raise ValueError(f"{_FAMILY} is no whole histogram")
    return Durations(ordered, parts[f"{_FAMILY}_sum"])


def fold(record: Record | None, page: Page, url: str, now: float) -> Record:
    """Return the record after a page read at ``now``: a restart of influxd never lowers a total.

    What an influxd counted before it was first looked at is not counted.
    """
    if record is None or record.url != url:
        totals = record.totals if record else dict.fromkeys(_PATHS, Durations())
        return Record(url, now, page.durations, totals)
    # A restart also shows when the counters have grown beyond what they were.
    restarted = page.uptime is not None and now - page.uptime > record.at
    last = dict.fromkeys(_PATHS, Durations()) if restarted else record.last
    totals = {path: record.totals[path] + page.durations[path].since(last[path]) for path in _PATHS}
    return replace(record, at=now, last=page.durations, totals=totals)


def collect(context: Context) -> Reading:
    """Ask each address; one that is silent is a measurement, and hides only what it tells."""
    settings = context.inventory.influxdb
    base = settings.url.rstrip("/")
    urls = {"health": f"{base}/health", "ready": f"{base}/ready"}
    if settings.metrics_url is not None:
        urls["metrics"] = settings.metrics_url
    deadline.check(context, "influxd")
    # Before the answers: by now less its uptime, influxd never seems younger than it is.
    now, tls = context.now(), verifying()
    patience = min(context.inventory.collection.probe_deadline, context.remaining())
    asked = {endpoint: Get(url, tls, patience, _MOST_BYTES) for endpoint, url in urls.items()}
    answers = {endpoint: get.wait() for endpoint, get in asked.items()}
    series = []
    for endpoint, answer in answers.items():
        series.append(Series(LISTENER_UP, (settings.instance, endpoint), float(answer.up)))
        if not answer.up:
            _LOG.warning("%s: %s", endpoint, answer.failure or f"answered {answer.status}")
    told: tuple[Series, ...] = ()
    if settings.metrics_url is not None and answers["metrics"].up:
        told = tuple(_told(context, settings.metrics_url, answers["metrics"].body, now))
    silent = settings.metrics_url is not None and not told
    return Reading((*series, *told), len(urls), len(urls) - silent)


def _told(context: Context, url: str, body: bytes, now: float) -> Iterator[Series]:
    try:
        page = parse(body.decode())
    except ValueError as error:
        _LOG.warning("metrics: %s", error)
        return
    document = context.state.load(_COUNTERS).get(_COUNTERS)
    record = fold(_record(document) if document else None, page, url, now)
    context.state.commit({_COUNTERS: _document(record)})
    labels = (context.inventory.influxdb.instance,)
    for path, spec in _PATHS.items():
        total = record.totals[path]
        value = HistogramValue(total.counts[:-1], total.sum, total.counts[-1])
        yield Series(spec, labels, value)
    for name, number in page.gauges.items():
        yield Series(_GAUGES[name], labels, number)


def _document(record: Record) -> dict[str, Any]:
    def plain(found: Mapping[str, Durations]) -> dict[str, Any]:
        return {path: [list(one.counts), one.sum] for path, one in found.items()}

    return {
        "url": record.url,
        "at": record.at,
        "bounds": list(_BOUNDS),
        "last": plain(record.last),
        "totals": plain(record.totals),
    }


def _record(document: Mapping[str, Any]) -> Record | None:
    if tuple(document["bounds"]) != _BOUNDS:
        # Counts under other bounds cannot be told apart any more.
        return None

    def durations(found: Mapping[str, Any]) -> dict[str, Durations]:
        return {path: Durations(tuple(counts), total) for path, (counts, total) in found.items()}

    return Record(
        document["url"], document["at"], durations(document["last"]), durations(document["totals"])
    )


def uses(_inventory: Inventory) -> tuple[Use, ...]:
    """Return nothing: InfluxDB is not asked through AWS."""
    return ()


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=(),
    every=lambda inventory: inventory.collection.influxdb_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda inventory: inventory.collection.probe_deadline + 5,
    collect=collect,
    uses=uses,
    splits=False,
)
