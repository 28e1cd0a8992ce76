"""The exposition as prometheus_client writes it: what ours must be, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from catalogue.metrics import MetricSpec
from catalogue.text import Locale
from exporter.samples import AgeOf, HistogramValue, Series, SummaryValue


@dataclass(frozen=True)
class _Given:
    metrics: Sequence[Metric]

    def collect(self) -> Sequence[Metric]:
        return self.metrics


def text(series: Iterable[Series], locale: Locale, now: float) -> bytes:
    """Return the text format; ages are as of ``now`` (unix seconds)."""
    return generate_latest(_Given(_metrics(series, locale, now)))


def openmetrics(series: Iterable[Series], locale: Locale, now: float) -> bytes:
    """Return the OpenMetrics format."""
    given = _Given(_metrics(series, locale, now))
    rendered: bytes = generate_openmetrics(given)  # type: ignore[no-untyped-call]
    return rendered


def _metrics(series: Iterable[Series], locale: Locale, now: float) -> list[Metric]:
    groups: dict[str, list[Series]] = {}
    for one in series:
        groups.setdefault(one.spec.name, []).append(one)
    return [_metric(groups[name], locale, now) for name in sorted(groups)]


def _metric(group: Sequence[Series], locale: Locale, now: float) -> Metric:
    spec = group[0].spec
    found = Metric(spec.name.removesuffix("_total"), spec.help.in_(locale), spec.kind.value)
    for one in group:
        labels = dict(zip(spec.labels, one.labels, strict=True))
        found.samples.extend(_samples(spec, labels, one, now))
    return found


def _samples(
    spec: MetricSpec, labels: dict[str, str], series: Series, now: float
) -> Iterator[Sample]:
    value = series.value
    if isinstance(value, SummaryValue):
        for quantile, seconds in sorted(value.quantiles.items()):
            yield Sample(spec.name, {**labels, "quantile": _number(quantile)}, seconds)
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
    found: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return found
