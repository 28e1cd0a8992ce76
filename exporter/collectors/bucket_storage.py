"""Bucket storage: bytes by storage type and objects, as S3 itself measures them once a day."""

from __future__ import annotations

from collections.abc import Iterator

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.collector import Collector, Context, Priority, Reading, Use
from exporter.sources import metric_names
from exporter.sources.metric_names import Present, present
from exporter.views import View, read, use_of
from inventory.model import Collection, Inventory
from inventory.resources import Bucket

SIZE = MetricSpec(
    "dataplatform_bucket_size_bytes",
    Kind.GAUGE,
    ("bucket", "storage_type"),
    Text(
        "Bytes guardados no bucket por tipo de armazenamento, medidos pelo S3 uma vez ao dia",
        "Bytes stored in the bucket by storage type, measured by S3 once a day",
    ),
)
OBJECTS = MetricSpec(
    "dataplatform_bucket_objects",
    Kind.GAUGE,
    ("bucket",),
    Text(
        "Objetos no bucket, todas as classes somadas, medidos pelo S3 uma vez ao dia",
        "Objects in the bucket, all classes together, measured by S3 once a day",
    ),
)
SPECS = (SIZE, OBJECTS)

_NAME = "bucket_storage"
_NAMESPACE = "AWS/S3"
_DAY = 86_400.0
_LAG = 6 * 3600.0
_SHOWN = 3 * _DAY
_MOST_TYPES = 23
"""The storage types that the S3 user guide lists; a bucket has two or three."""


def parse(bucket: Bucket, metrics: tuple[Present, ...]) -> Iterator[View]:
    """Yield a view of every storage metric of the bucket; its request metrics are others."""
    for metric in metrics:
        dimensions = dict(metric.dimensions)
        if set(dimensions) != {"BucketName", "StorageType"}:
            continue
        if metric.name == "BucketSizeBytes":
            yield _view(bucket, metric, SIZE, (bucket.key, dimensions["StorageType"]))
        elif metric.name == "NumberOfObjects" and dimensions["StorageType"] == "AllStorageTypes":
            yield _view(bucket, metric, OBJECTS, (bucket.key,))


def _view(bucket: Bucket, metric: Present, spec: MetricSpec, labels: tuple[str, ...]) -> View:
    return View(
        spec,
        labels,
        _NAMESPACE,
        metric.name,
        tuple(sorted(metric.dimensions)),
        bucket.key,
        statistic="Average",
        scope=bucket.scope,
    )


def timing(collection: Collection) -> Collection:
    """Return the tempo of daily metrics, whose values arrive up to two days late.

    A day is asked for some hours after it has ended, and again on the two days after.
    """
    return collection.model_copy(
        update={
            "period": _DAY,
            "lag": _LAG,
            "lookback": _SHOWN,
            "backfill": _SHOWN + _LAG + _DAY,
        }
    )


def collect(context: Context) -> Reading:
    """Find what S3 measures of each bucket, and read the newest value of each."""
    buckets = context.inventory.buckets
    views = [
        view
        for bucket in buckets
        for view in parse(
            bucket, present(context, _NAMESPACE, ("BucketName", bucket.name), bucket.scope)
        )
    ]
    viewed = read(context, views, timing(context.inventory.collection))
    shown = {series.labels[0] for series in viewed.series}
    return Reading(
        viewed.series,
        expected=len(buckets),
        seen=len(shown),
        newest={bucket.key: viewed.newest.get(bucket.key) for bucket in buckets},
    )


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends: values are asked for once a day, in the run that is due.

    The storage types of a bucket are only known at run time: all that S3 has are counted.
    """
    views = [view for bucket in inventory.buckets for view in parse(bucket, _all_types(bucket))]
    every = inventory.collection.storage_every
    return (
        metric_names.use(len(inventory.buckets)),
        use_of(views, every, timing(inventory.collection)),
    )


def _all_types(bucket: Bucket) -> tuple[Present, ...]:
    types = [("BucketSizeBytes", f"type {number}") for number in range(_MOST_TYPES)]
    return tuple(
        Present(name, (("BucketName", bucket.name), ("StorageType", kind)))
        for name, kind in (*types, ("NumberOfObjects", "AllStorageTypes"))
    )


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("cloudwatch:ListMetrics", "cloudwatch:GetMetricData"),
    every=lambda inventory: inventory.collection.storage_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda _inventory: 60.0,
    collect=collect,
    uses=uses,
    priority=Priority.DETAIL,
)
