"""What AWS measures of the InfluxDB instance: it follows its class, its storage and its writes."""

from __future__ import annotations

from collections.abc import Iterator

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.timestreaminfluxdb.models import DBInstance, InstanceType, timestreaminfluxdb_backends

from simulator.aws.server import EmbeddedAws

_GIB = 1024**3
USED_BYTES = 38 * _GIB
"""What the data take where nothing else is said."""
_HEAP_BYTES = 900 * 1024**2
_SERIES = 4200
_MOST_PERCENT = 99.0
_TIMEOUT_SECONDS = 10.0
_CLASSES = [one.value for one in InstanceType]


def observe(
    aws: EmbeddedAws,
    name: str,
    at: float,
    write_seconds: float = 0.0,
    used_bytes: float = USED_BYTES,
) -> None:
    """Put one value of each metric at ``at`` (unix seconds); slow writes make the instance busy."""
    instances = timestreaminfluxdb_backends[DEFAULT_ACCOUNT_ID][aws.region].db_instances.values()
    for instance in instances:
        if instance.name == name:
            for metric, value in _values(instance, write_seconds, used_bytes):
                aws.metrics.put(
                    "AWS/Timestream/InfluxDB", metric, {"DbInstanceName": name}, at, [value]
                )


def _values(
    instance: DBInstance, write_seconds: float, used_bytes: float
) -> Iterator[tuple[str, float]]:
    # Each class has twice the processors of the one before.
    larger = 2.0 ** _CLASSES.index(instance.db_instance_type)
    yield "CPUUtilization", min(_MOST_PERCENT, (30 + 12 * write_seconds) / larger)
    yield "MemoryUtilization", min(_MOST_PERCENT, (45 + 3 * write_seconds) / larger)
    yield "DiskUtilization", 100.0 * used_bytes / (instance.allocated_storage * _GIB)
    yield "VolumeBytesUsed", used_bytes
    yield "HeapMemoryUsage", float(_HEAP_BYTES)
    yield "SeriesCardinality", float(_SERIES)
    yield "WriteTimeouts", float(write_seconds >= _TIMEOUT_SECONDS)
    yield "QueryRequestsTotal", 1.0
