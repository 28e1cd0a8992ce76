"""CloudWatch metrics that the inventory adds under ``metrics``, without a line of code."""

from __future__ import annotations

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import views
from exporter.collector import Collector, Context, Priority, Reading, Use
from exporter.custom import spec_of
from exporter.samples import Series
from exporter.telemetry import REVISED_DOWN
from exporter.views import View
from inventory.model import Inventory
from inventory.resources import CustomMetric

NEVER_SEEN = MetricSpec(
    "vigia_custom_metric_never_seen",
    Kind.GAUGE,
    ("resource",),
    Text(
        "1 se a métrica acrescentada pelo inventário nunca teve um dado: o nome pode estar errado",
        "1 if the metric that the inventory adds never had a datapoint: its name may be wrong",
    ),
)
SPECS = (NEVER_SEEN,)

_NAME = "cloudwatch_metrics"


def collect(context: Context) -> Reading:
    """Read every metric that the inventory adds.

    Some are sent only where they are not zero, hence one that was never seen costs no coverage:
    it says so by itself, under the name that its age will have.
    """
    inventory = context.inventory
    viewed = views.read(context, _views(inventory), views.slow(inventory.collection))
    return Reading(
        (
            *viewed.series,
            *(Series(NEVER_SEEN, (name,), float(at is None)) for name, at in viewed.newest.items()),
            Series(REVISED_DOWN, (_NAME,), float(viewed.revised_down)),
        ),
        expected=len(inventory.metrics),
        seen=len(inventory.metrics),
        newest=viewed.newest,
    )


def resource_of(metric: CustomMetric) -> str:
    """Return the name of one series: that of its family, then the values of its labels."""
    return "/".join((metric.name, *(metric.labels[name] for name in sorted(metric.labels))))


def _views(inventory: Inventory) -> list[View]:
    return [
        View(
            spec_of(metric),
            tuple(metric.labels[name] for name in sorted(metric.labels)),
            metric.namespace,
            metric.metric,
            tuple(sorted(metric.dimensions.items())),
            resource_of(metric),
            statistic=metric.statistic,
            scale=metric.scale,
            scope=metric.scope,
        )
        for metric in inventory.metrics
    ]


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends."""
    collection = inventory.collection
    return (views.use_of(_views(inventory), collection.slow_every, views.slow(collection)),)


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("cloudwatch:GetMetricData",),
    every=lambda inventory: inventory.collection.slow_every,
    offset=lambda inventory: inventory.collection.lag,
    deadline=lambda inventory: max(inventory.collection.period, 10.0),
    collect=collect,
    uses=uses,
    priority=Priority.DETAIL,
)
