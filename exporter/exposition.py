"""Rendering series once into the bytes that every scrape is served."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import is_

from prometheus_client import PlatformCollector, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from catalogue.metrics import MetricSpec
from catalogue.text import Locale
from exporter.samples import AgeOf, HistogramValue, Series, SummaryValue

TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_EOF = b"# EOF\n"
_GZIP_LEVEL = 1


@dataclass(frozen=True)
class Body:
    """One format's bytes, plain and compressed."""

    content_type: str
    plain: bytes
    gzipped: bytes

    @classmethod
    def of(cls, content_type: str, plain: bytes) -> Body:
        """Compress ``plain``, always into the same bytes."""
        return cls(content_type, plain, gzip.compress(plain, _GZIP_LEVEL, mtime=0))


@dataclass(frozen=True)
class Rendering:
    """What scrapes are served until the next one replaces it."""

    text: Body
    openmetrics: Body


@dataclass(frozen=True)
class _Family:
    """One family's bytes, and the series they were made of."""

    series: tuple[Series, ...]
    locale: Locale
    text: bytes
    openmetrics: bytes


class Exposition:
    """Holds the current rendering; reading it takes no lock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._families: dict[str, _Family] = {}
        self._lock = threading.Lock()
        self._own = (ProcessCollector(registry=None), PlatformCollector(registry=None))
        self.current = Rendering(Body.of(TEXT_TYPE, b""), Body.of(OPENMETRICS_TYPE, _EOF))

    def render(self, series: Callable[[], Sequence[Series]], locale: Locale) -> Rendering:
        """Render what ``series()`` returns and make it current."""
        with self._lock:
            # Asked for under the lock, so that an older answer never replaces a newer one.
            families = self._render_families(series(), locale)
            own = [metric for collector in self._own for metric in collector.collect()]
            text = b"".join((*(family.text for family in families), generate_latest(_Given(own))))
            openmetrics = b"".join(
                (*(family.openmetrics for family in families), _openmetrics(own), _EOF)
            )
            self.current = Rendering(
                Body.of(TEXT_TYPE, text), Body.of(OPENMETRICS_TYPE, openmetrics)
            )
            return self.current

    def _render_families(self, series: Sequence[Series], locale: Locale) -> list[_Family]:
        groups: dict[str, list[Series]] = {}
        for one in series:
            groups.setdefault(one.spec.name, []).append(one)
        rendered = {name: self._family(name, group, locale) for name, group in groups.items()}
        self._families = rendered
        return [rendered[name] for name in sorted(rendered)]

    def _family(self, name: str, group: list[Series], locale: Locale) -> _Family:
        known = self._families.get(name)
        if (
            known is not None
            and known.locale == locale
            and len(known.series) == len(group)
            and all(map(is_, known.series, group))
            and not any(isinstance(one.value, AgeOf) for one in group)
        ):
            return known
        metrics = [metric(group[0].spec, group, locale, self._now())]
        text = generate_latest(_Given(metrics))
        return _Family(tuple(group), locale, text, _openmetrics(metrics))


def metric(spec: MetricSpec, series: Iterable[Series], locale: Locale, now: float) -> Metric:
    """Return the client library's family; ages are worked out at ``now`` (unix seconds)."""
    found = Metric(spec.name.removesuffix("_total"), spec.help.in_(locale), spec.kind.value)
    for one in series:
        labels = dict(zip(spec.labels, one.labels, strict=True))
        found.samples.extend(_samples(spec, labels, one, now))
    return found


def _samples(
    spec: MetricSpec, labels: dict[str, str], series: Series, now: float
) -> Iterator[Sample]:
    value = series.value
    if isinstance(value, SummaryValue):
        for quantile, seconds in sorted(value.quantiles.items()):
            quantiled = {**labels, "quantile": _number(quantile)}
            yield Sample(spec.name, quantiled, seconds)
        yield Sample(f"{spec.name}_count", labels, value.count)
        yield Sample(f"{spec.name}_sum", labels, value.sum)
    elif isinstance(value, HistogramValue):
        for bound, count in zip(
            (*spec.buckets, float("inf")), (*value.cumulative, value.count), strict=True
        ):
            yield Sample(f"{spec.name}_bucket", {**labels, "le": _number(bound)}, count)
        yield Sample(f"{spec.name}_count", labels, value.count)
        yield Sample(f"{spec.name}_sum", labels, value.sum)
    elif isinstance(value, AgeOf):
        yield Sample(spec.name, labels, max(0.0, now - value.timestamp))
    else:
        yield Sample(spec.name, labels, value)


def _number(value: float) -> str:
    text: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return text


@dataclass(frozen=True)
class _Given:
    """A registry of families that are there already."""

    metrics: Sequence[Metric]

    def collect(self) -> Sequence[Metric]:
        return self.metrics


def _openmetrics(metrics: Sequence[Metric]) -> bytes:
    rendered: bytes = generate_openmetrics(_Given(metrics))  # type: ignore[no-untyped-call]
    return rendered.removesuffix(_EOF)
