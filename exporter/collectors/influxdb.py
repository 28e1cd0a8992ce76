"""InfluxDB: a canary write with read-back, and how fresh the energy data are."""

from __future__ import annotations

import secrets
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import accumulate
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as HttpTimeoutError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.collector import Collector, Context, Priority, Reading, Use
from exporter.samples import AgeOf, HistogramValue, Series
from inventory.model import Inventory
from inventory.resources import InfluxDb

WRITE_LATENCY = MetricSpec(
    "dataplatform_influxdb_write_latency_seconds",
    Kind.HISTOGRAM,
    ("bucket",),
    Text("Duração das escritas de teste aceitas", "Duration of accepted canary writes"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
QUERY_DURATION = MetricSpec(
    "dataplatform_influxdb_query_duration_seconds",
    Kind.HISTOGRAM,
    ("bucket",),
    Text(
        "Duração das consultas que leem de volta a escrita de teste",
        "Duration of the queries that read the canary write back",
    ),
    # Operators judge a query by two seconds.
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0),
)
UP = MetricSpec(
    "dataplatform_influxdb_up",
    Kind.GAUGE,
    ("bucket",),
    Text(
        "1 se a última escrita de teste foi aceita e lida de volta",
        "1 if the last canary write was accepted and read back",
    ),
)
WRITE_ERRORS = MetricSpec(
    "dataplatform_influxdb_write_errors_total",
    Kind.COUNTER,
    ("bucket", "reason"),
    Text("Escritas de teste que falharam", "Canary writes that failed"),
)
RECORD_AGE = MetricSpec(
    "dataplatform_influxdb_record_age_seconds",
    Kind.GAUGE,
    ("bucket", "measurement"),
    Text("Idade do registro mais novo", "Age of the newest record"),
)
RECORDS_24H = MetricSpec(
    "dataplatform_influxdb_records_24h",
    Kind.GAUGE,
    ("bucket",),
    Text("Registros das últimas 24 horas", "Records of the last 24 hours"),
)
SPECS = (WRITE_LATENCY, QUERY_DURATION, UP, WRITE_ERRORS, RECORD_AGE, RECORDS_24H)

_NAME = "influxdb"
_PROBE = "probe"
_FIELD = "sequence"
_QUERY_SHARE = 4
REASONS = ("timeout", "unreachable", "denied", "rejected", "server_error", "not_read_back")


@dataclass(frozen=True)
class Durations:
    """Durations under the ``bounds`` of a spec; ``counts`` has one more element than those."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float = 0.0

    @classmethod
    def none(cls, spec: MetricSpec) -> Durations:
        """Return what is known before the first duration."""
        return cls(spec.buckets, (0,) * (len(spec.buckets) + 1))

    def and_one(self, seconds: float) -> Durations:
        """Return these and one more."""
        counts = list(self.counts)
        counts[bisect_left(self.bounds, seconds)] += 1
        return replace(self, counts=tuple(counts), sum=self.sum + seconds)

    def shown(self) -> HistogramValue:
        """Return the histogram of them."""
        cumulative = tuple(float(count) for count in accumulate(self.counts))
        return HistogramValue(cumulative[:-1], self.sum, cumulative[-1])


@dataclass(frozen=True)
class Record:
    """What is durable of the canary."""

    probe: str
    sequence: int = 0
    writes: Durations = field(default_factory=lambda: Durations.none(WRITE_LATENCY))
    queries: Durations = field(default_factory=lambda: Durations.none(QUERY_DURATION))
    errors: dict[str, int] = field(default_factory=dict)


class _QueryFailedError(Exception):
    """A query was not answered; the write's fate is judged by itself."""


def parse(seconds: float | None, asked: float | None, reason: str | None, record: Record) -> Record:
    """Return the record after one canary write.

    ``seconds`` is the duration of an accepted write, ``asked`` that of an answered query, else
    None; ``reason`` is why the write failed.
    """
    if seconds is not None:
        record = replace(record, writes=record.writes.and_one(seconds))
    if asked is not None:
        record = replace(record, queries=record.queries.and_one(asked))
    if reason is not None:
        errors = record.errors | {reason: record.errors.get(reason, 0) + 1}
        record = replace(record, errors=errors)
    return record


def collect(context: Context) -> Reading:
    """Write, read back, ask how fresh the data are: a database that is down is a measurement."""
    settings = context.inventory.influxdb
    document = context.state.load().get("canary")
    # One probe name for good: a new tag value for every write would be a new series each time.
    known = _record(document) if document else Record(secrets.token_hex(8))
    record = replace(known, sequence=known.sequence + 1)
    patience = context.inventory.collection.influxdb_deadline
    token = context.influx_token()
    with (
        closing(_client(settings, token, patience)) as writer,
        closing(_client(settings, token, patience / _QUERY_SHARE)) as reader,
    ):
        seconds, reason = _write(writer, settings, record)
        asked = _Asked(
            reader, settings.bucket, lambda: context.remaining() > patience / _QUERY_SHARE
        )
        read_back, query_seconds = False, None
        if reason is None:
            started = time.monotonic()
            answered = _ask(lambda: asked.canary(settings.canary_measurement, record.probe))
            if answered is not None:
                query_seconds = time.monotonic() - started
                read_back = answered == record.sequence
                reason = None if read_back else "not_read_back"
        record = parse(seconds, query_seconds, reason, record)
        context.state.commit({"canary": _document(record)})
        series = list(_canary_series(settings.bucket, record, up=read_back))
        seen = int(read_back)
        newest: dict[str, float | None] = {}
        if reason not in ("timeout", "unreachable"):
            for measurement in settings.measurements:
                at = _ask(lambda name=measurement: asked.newest(name))  # type: ignore[misc]
                seen += at is not None
                newest[measurement] = at or None
                if at:
                    series.append(Series(RECORD_AGE, (settings.bucket, measurement), AgeOf(at)))
            count = _ask(lambda: asked.count(settings.canary_measurement))
            if count is not None:
                seen += 1
                series.append(Series(RECORDS_24H, (settings.bucket,), count))
    return Reading(tuple(series), 2 + len(settings.measurements), seen, newest)


def _client(settings: InfluxDb, token: str, patience: float) -> InfluxDBClient:
    # No retries by default: a second sending would hide what the first one met.
    return InfluxDBClient(
        settings.url, token=token, org=settings.org, timeout=round(patience * 1000)
    )


def _write(
    client: InfluxDBClient, settings: InfluxDb, record: Record
) -> tuple[float | None, str | None]:
    point = Point.from_dict(
        {
            "measurement": settings.canary_measurement,
            "tags": {_PROBE: record.probe},
            "fields": {_FIELD: record.sequence},
            "time": time.time_ns(),
        }
    )
    started = time.monotonic()
    try:
        client.write_api(write_options=SYNCHRONOUS).write(settings.bucket, record=point)
    except ApiException as error:
        return None, _refusal(error.status)
    except NewConnectionError:
        # urllib3 derives a refused connection from its time-out.
        return None, "unreachable"
    except HttpTimeoutError:
        return None, "timeout"
    except HTTPError:
        return None, "unreachable"
    return time.monotonic() - started, None


def _refusal(status: int | None) -> str:
    if not status:
        return "unreachable"
    if status in (401, 403):
        return "denied"
    return "server_error" if status >= 500 else "rejected"  # noqa: PLR2004 HTTP's classes


def _ask(question: Callable[[], float]) -> float | None:
    try:
        return question()
    except _QueryFailedError:
        return None


@dataclass(frozen=True)
class _Asked:
    """The Flux queries; each answers 0 where there is nothing."""

    client: InfluxDBClient
    bucket: str
    in_time: Callable[[], bool]

    def canary(self, measurement: str, probe: str) -> float:
        found = f"r._measurement == {_quoted(measurement)} and r.{_PROBE} == {_quoted(probe)}"
        rows = self._rows("5m", found, "last")
        return max((float(row.get_value()) for row in rows), default=0.0)

    def newest(self, measurement: str) -> float:
        rows = self._rows("7d", f"r._measurement == {_quoted(measurement)}", "last")
        times: list[datetime] = [row.get_time() for row in rows]
        return max((at.timestamp() for at in times), default=0.0)

    def count(self, canary: str) -> float:
        rows = self._rows("24h", f"r._measurement != {_quoted(canary)}", "count")
        return sum((float(row.get_value()) for row in rows), 0.0)

    def _rows(self, span: str, condition: str, final: str) -> list[Any]:
        query = (
            f"from(bucket: {_quoted(self.bucket)}) |> range(start: -{span})"
            f" |> filter(fn: (r) => {condition}) |> {final}()"
        )
        if not self.in_time():
            raise _QueryFailedError
        try:
            tables = self.client.query_api().query(query)
        except (ApiException, HTTPError) as error:
            raise _QueryFailedError from error
        return [row for table in tables for row in table.records]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'"{escaped}"'


def _canary_series(bucket: str, record: Record, *, up: bool) -> Iterator[Series]:
    yield Series(UP, (bucket,), float(up))
    yield Series(WRITE_LATENCY, (bucket,), record.writes.shown())
    yield Series(QUERY_DURATION, (bucket,), record.queries.shown())
    for reason in REASONS:
        yield Series(WRITE_ERRORS, (bucket, reason), float(record.errors.get(reason, 0)))


def _document(record: Record) -> dict[str, Any]:
    return {
        "probe": record.probe,
        "sequence": record.sequence,
        **asdict(record.writes),
        "queries": asdict(record.queries),
        "errors": record.errors,
    }


def _record(document: Mapping[str, Any]) -> Record:
    return Record(
        document["probe"],
        document["sequence"],
        _durations(document, WRITE_LATENCY),
        _durations(document.get("queries", {}), QUERY_DURATION),
        dict(document["errors"]),
    )


def _durations(document: Mapping[str, Any], spec: MetricSpec) -> Durations:
    # Counts under other bounds cannot be told apart any more.
    if tuple(document.get("bounds", ())) != spec.buckets:
        return Durations.none(spec)
    return Durations(spec.buckets, tuple(document["counts"]), document["sum"])


def uses(_inventory: Inventory) -> tuple[Use, ...]:
    """Return nothing: InfluxDB is not asked through AWS."""
    return ()


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=(),
    every=lambda inventory: inventory.collection.influxdb_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda inventory: 2 * inventory.collection.influxdb_deadline + 5,
    collect=collect,
    uses=uses,
    priority=Priority.VITAL,
    splits=False,
)
