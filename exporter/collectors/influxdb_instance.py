"""The InfluxDB instance as AWS sees it: state, size, and the metrics that AWS takes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.exposed import INFLUXDB_DISK
from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import deadline
from exporter.collector import Collector, Context, Reading, Use
from exporter.samples import Series
from exporter.sources import metric_names
from exporter.sources.metric_names import Present, present
from exporter.telemetry import REVISED_DOWN
from exporter.views import View, read, slow, use_of
from inventory.model import Inventory

STATUS = MetricSpec(
    "dataplatform_influxdb_instance_status",
    Kind.GAUGE,
    ("instance_id", "state"),
    Text("1 para o estado atual da instância", "1 for the present state of the instance"),
)
INFO = MetricSpec(
    "dataplatform_influxdb_instance_info",
    Kind.GAUGE,
    ("instance_id", "class", "storage_type", "deployment"),
    Text("Classe e forma da instância; sempre 1", "Class and form of the instance; always 1"),
)
ALLOCATED = MetricSpec(
    "dataplatform_influxdb_instance_allocated_storage_bytes",
    Kind.GAUGE,
    ("instance_id",),
    Text("Armazenamento alocado à instância", "Storage allocated to the instance"),
)


def _spec(name: str, kind: Kind, pt: str, en: str) -> MetricSpec:
    return MetricSpec(f"dataplatform_influxdb_{name}", kind, ("instance_id",), Text(pt, en))


CPU = _spec(
    "cpu_utilization_ratio", Kind.GAUGE, "Parte da CPU em uso, de 0 a 1", "Share of the CPU in use"
)
MEMORY = _spec(
    "memory_utilization_ratio",
    Kind.GAUGE,
    "Parte da memória em uso, de 0 a 1",
    "Share of the memory in use",
)
DISK = INFLUXDB_DISK
VOLUME = _spec(
    "volume_used_bytes", Kind.GAUGE, "Bytes do volume em uso", "Bytes of the volume in use"
)
HEAP = _spec("heap_bytes", Kind.GAUGE, "Memória heap em uso", "Heap memory in use")
CARDINALITY = _spec("series_cardinality", Kind.GAUGE, "Séries no banco", "Series in the database")
WRITE_TIMEOUTS = _spec(
    "write_timeouts_total",
    Kind.COUNTER,
    "Escritas que esgotaram o tempo, segundo a AWS",
    "Writes that timed out, as AWS counts them",
)
QUERIES = _spec(
    "query_requests_total",
    Kind.COUNTER,
    "Consultas recebidas, segundo a AWS",
    "Queries received, as AWS counts them",
)
SPECS = (
    STATUS,
    INFO,
    ALLOCATED,
    CPU,
    MEMORY,
    DISK,
    VOLUME,
    HEAP,
    CARDINALITY,
    WRITE_TIMEOUTS,
    QUERIES,
)

_NAME = "influxdb_instance"
_NAMESPACE = "AWS/Timestream/InfluxDB"
_DIMENSION = "DbInstanceName"
_PERCENT = 0.01
_GIB = 1024**3
_NAMES = "names"
_TOLERANCE = 0.02
STATES = (
    "creating",
    "available",
    "deleting",
    "modifying",
    "updating",
    "deleted",
    "failed",
    "updating_deployment_type",
    "updating_instance_type",
    "maintenance",
    "rebooting",
    "reboot_failed",
    "restoring",
    "restore_failed",
    "unknown",
)
_SHOWN: Mapping[str, tuple[MetricSpec, float]] = {
    "cpuutilization": (CPU, _PERCENT),
    "memoryutilization": (MEMORY, _PERCENT),
    "diskutilization": (DISK, _PERCENT),
    "volumebytesused": (VOLUME, 1.0),
    "heapmemoryusage": (HEAP, 1.0),
    "seriescardinality": (CARDINALITY, 1.0),
    "writetimeouts": (WRITE_TIMEOUTS, 1.0),
    "queryrequeststotal": (QUERIES, 1.0),
}
"""The metrics that we know, by their names in small letters alone: sources spell them variously."""


def parse(instance: str, names: tuple[str, ...]) -> tuple[View, ...]:
    """Return a view of each metric that we know; of two spellings of one, the first by name."""
    views: dict[str, View] = {}
    for name in sorted(names):
        known = _SHOWN.get(re.sub(r"[^a-z0-9]", "", name.lower()))
        if known is None or known[0].name in views:
            continue
        spec, scale = known
        views[spec.name] = View(
            spec,
            (instance,),
            _NAMESPACE,
            name,
            ((_DIMENSION, instance),),
            instance,
            statistic="Sum" if spec.kind is Kind.COUNTER else "Average",
            scale=scale,
        )
    return tuple(views.values())


def collect(context: Context) -> Reading:
    """Find the instance by its name, then what AWS measures of it."""
    name = context.inventory.influxdb.instance
    instance = _instance(context, name)
    if instance is None:
        return Reading((), expected=2, seen=0, newest={name: None}, missing=(name,))
    views = parse(name, _metric_names(context, name))
    viewed = read(context, views, slow(context.inventory.collection))
    newest = viewed.newest.get(name)
    return Reading(
        (
            *_series(name, instance),
            *viewed.series,
            Series(REVISED_DOWN, (_NAME,), float(viewed.revised_down)),
        ),
        expected=2,
        seen=1 + (newest is not None),
        newest={name: newest},
    )


def _instance(context: Context, name: str) -> dict[str, Any] | None:
    client = context.client("timestream-influxdb")
    request: dict[str, Any] = {}
    while True:
        deadline.check(context, "ListDbInstances")
        page = client.list_db_instances(**request)
        for instance in page["items"]:
            if instance["name"] == name:
                found: dict[str, Any] = instance
                return found
        if not page.get("nextToken"):
            return None
        request["nextToken"] = page["nextToken"]


def _series(name: str, instance: Mapping[str, Any]) -> Iterator[Series]:
    state = str(instance.get("status", "")).lower()
    present_state = state if state in STATES else "unknown"
    for one in STATES:
        yield Series(STATUS, (name, one), float(one == present_state))
    described = ("dbInstanceType", "dbStorageType", "deploymentType")
    yield Series(INFO, (name, *(str(instance.get(key, "")) for key in described)), 1.0)
    if "allocatedStorage" in instance:
        yield Series(ALLOCATED, (name,), float(instance["allocatedStorage"]) * _GIB)


def _metric_names(context: Context, instance: str) -> tuple[str, ...]:
    """Return the names of the instance's metrics: they are kept, for asking costs."""
    kept = context.state.load(_NAMES).get(_NAMES)
    if kept is not None and kept["instance"] == instance:
        age = context.now() - kept["asked_at"]
        if 0 <= age < context.inventory.collection.resources_every * (1 - _TOLERANCE):
            return tuple(kept["names"])
    found = present(context, _NAMESPACE, (_DIMENSION, instance))
    names = sorted({metric.name for metric in found if _whole(metric)})
    document = {"asked_at": context.now(), "instance": instance, "names": names}
    context.state.commit({_NAMES: document})
    return tuple(names)


def _whole(metric: Present) -> bool:
    # Others divide a metric up further, or are what somebody publishes beside AWS.
    return len(metric.dimensions) == 1


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends on average: names and values are not asked for in every run."""
    collection, instance = inventory.collection, inventory.influxdb.instance
    every = collection.control_plane_every
    views = parse(instance, tuple(_SHOWN))
    return (
        Use("timestream-influxdb", "ListDbInstances", 1),
        metric_names.use(min(1.0, every / collection.resources_every)),
        use_of(views, every, slow(collection)),
    )


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=(
        "timestream-influxdb:ListDbInstances",
        "cloudwatch:ListMetrics",
        "cloudwatch:GetMetricData",
    ),
    every=lambda inventory: inventory.collection.control_plane_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda inventory: max(inventory.collection.control_plane_every, 15.0),
    collect=collect,
    uses=uses,
    splits=False,
)
