"""What a collector hands over: series of plain values, typed by their metric spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalogue.metrics import Kind, MetricSpec


@dataclass(frozen=True, slots=True)
class SummaryValue:
    """A summary's running sum and count, and quantiles (NaN where nothing was observed)."""

    sum: float
    count: float
    quantiles: Mapping[float, float]


@dataclass(frozen=True, slots=True)
class HistogramValue:
    """Cumulative counts for the spec's buckets in order, then the sum and count of all."""

    cumulative: tuple[float, ...]
    sum: float
    count: float


@dataclass(frozen=True, slots=True)
class AgeOf:
    """Seconds since ``timestamp`` (unix seconds), worked out anew whenever it is shown."""

    timestamp: float


Value = float | SummaryValue | HistogramValue | AgeOf
_VALUES: Mapping[Kind, frozenset[type]] = {
    Kind.COUNTER: frozenset({float, int}),
    Kind.GAUGE: frozenset({float, int, AgeOf}),
    Kind.SUMMARY: frozenset({SummaryValue}),
    Kind.HISTOGRAM: frozenset({HistogramValue}),
}
_TEXTS = frozenset({str})


@dataclass(frozen=True, slots=True)
class Series:
    """One labelled value; ``labels`` follow the order of ``spec.labels``.

    Raises:
        ValueError: for what could not be shown, so that it fails its collector and no scrape.
    """

    spec: MetricSpec
    labels: tuple[str, ...]
    value: Value

    def __post_init__(self) -> None:
        spec, labels, value = self.spec, self.labels, self.value
        if len(labels) != len(spec.labels) or not set(map(type, labels)) <= _TEXTS:
            raise ValueError(f"{spec.name}: labels {spec.labels}, got {labels}")
        if type(value) not in _VALUES[spec.kind]:
            raise ValueError(f"{spec.name}: {value!r} is no {spec.kind} value")
        if isinstance(value, HistogramValue) and len(value.cumulative) != len(spec.buckets):
            raise ValueError(f"{spec.name}: not one count for each of its buckets")
