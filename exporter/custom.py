"""The CloudWatch metrics that the inventory adds: their families, and names that clash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import views
from inventory.model import Inventory
from inventory.resources import CustomMetric
from inventory.source import InventoryError, Problem

_FILE = "inventory"


def spec_of(metric: CustomMetric) -> MetricSpec:
    """Return the family that an entry of the inventory's ``metrics`` belongs to.

    Raises:
        ValueError: if a label is reserved.
    """
    kind = Kind(metric.kind)
    return MetricSpec(
        f"dataplatform_{metric.name}",
        kind,
        tuple(sorted(metric.labels)),
        Text(metric.help.pt, metric.help.en),
        quantiles=tuple(views.QUANTILES) if kind is Kind.SUMMARY else (),
    )


def check_names(inventory: Inventory, known: Iterable[MetricSpec]) -> None:
    """Refuse entries of ``metrics`` that would be confused with a family of ``known``, or another.

    Raises:
        InventoryError: with a line for each.
    """
    problems = tuple(
        Problem(_FILE, 1, 1, f"metrics.{number}: {message}")
        for number, message in _clashes(inventory, known)
    )
    if problems:
        raise InventoryError(problems)


def _clashes(inventory: Inventory, known: Iterable[MetricSpec]) -> Iterator[tuple[int, str]]:
    owners = {name: spec for spec in known for name in _exposed(spec)}
    for number, metric in enumerate(inventory.metrics):
        try:
            spec = spec_of(metric)
        except ValueError as error:
            yield number, str(error)
            continue
        for name in sorted(_exposed(spec)):
            owner = owners.setdefault(name, spec)
            if owner != spec:
                yield number, f"'{metric.name}' clashes with the metric {owner.name}"
                break


def _exposed(spec: MetricSpec) -> set[str]:
    """Return every name of the family: OpenMetrics calls a counter's without its ``_total``."""
    return {spec.name.removesuffix("_total"), *spec.sample_labels}
