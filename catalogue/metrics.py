"""What a metric is: the one description that exposition, rules, dashboards and docs share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from catalogue.text import Text

_NAME = re.compile(r"^(dataplatform|vigia)_[a-z0-9_]+$")
_LABEL = re.compile(r"^[a-z][a-z0-9_]*$")
_RESERVED = frozenset({"job", "instance", "le", "quantile"})


class Kind(StrEnum):
    """The metric types of the exposition formats."""

    COUNTER = "counter"
    GAUGE = "gauge"
    SUMMARY = "summary"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class MetricSpec:
    """A metric family.

    ``name`` carries the base unit and, for a counter, ``_total``. ``buckets`` are a histogram's
    upper bounds without ``+Inf``; ``quantiles`` a summary's, between 0 and 1.

    Raises:
        ValueError: if the name, a label or the type breaks Prometheus' conventions.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: Text
    buckets: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"metric name '{self.name}' must start with dataplatform_ or vigia_")
        if (self.kind is Kind.COUNTER) != self.name.endswith("_total"):
            raise ValueError(f"{self.name}: a counter, and only a counter, ends in _total")
        for label in self.labels:
            if label in _RESERVED or not _LABEL.match(label):
                raise ValueError(f"{self.name}: label '{label}' is reserved or malformed")
        if bool(self.buckets) != (self.kind is Kind.HISTOGRAM):
            raise ValueError(f"{self.name}: a histogram, and only a histogram, has buckets")
        if bool(self.quantiles) != (self.kind is Kind.SUMMARY):
            raise ValueError(f"{self.name}: a summary, and only a summary, has quantiles")

    @property
    def sample_labels(self) -> dict[str, tuple[str, ...]]:
        """Labels of every sample name that the family exposes."""
        if self.kind is Kind.SUMMARY:
            return {
                self.name: (*self.labels, "quantile"),
                f"{self.name}_sum": self.labels,
                f"{self.name}_count": self.labels,
            }
        if self.kind is Kind.HISTOGRAM:
            return {
                f"{self.name}_bucket": (*self.labels, "le"),
                f"{self.name}_sum": self.labels,
                f"{self.name}_count": self.labels,
            }
        return {self.name: self.labels}


@dataclass(frozen=True)
class RecordedSpec:
    """A series that a recording rule writes; ``level:metric:operation`` by convention."""

    name: str
    labels: tuple[str, ...]
    help: Text

    @property
    def sample_labels(self) -> dict[str, tuple[str, ...]]:
        """Labels of the recorded series."""
        return {self.name: self.labels}
