"""What a collector hands over: series of plain values, typed by their metric spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalogue.metrics import MetricSpec


@dataclass(frozen=True)
class SummaryValue:
    """A summary's running sum and count, and quantiles (NaN where nothing was observed)."""

    sum: float
    count: float
    quantiles: Mapping[float, float]


@dataclass(frozen=True)
class HistogramValue:
    """Cumulative counts for the spec's buckets in order, then the sum and count of all."""

    cumulative: tuple[float, ...]
    sum: float
    count: float


@dataclass(frozen=True)
class AgeOf:
    """Seconds since ``timestamp`` (unix seconds), worked out anew whenever it is shown."""

    timestamp: float


Value = float | SummaryValue | HistogramValue | AgeOf


@dataclass(frozen=True)
class Series:
    """One labelled value; ``labels`` follow the order of ``spec.labels``."""

    spec: MetricSpec
    labels: tuple[str, ...]
    value: Value

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.spec.labels):
            raise ValueError(f"{self.spec.name}: labels {self.spec.labels}, got {self.labels}")
