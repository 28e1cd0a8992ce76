"""Metrics of the exporter's that the action engine asks for too."""

from __future__ import annotations

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text

INFLUXDB_DISK = MetricSpec(
    "dataplatform_influxdb_disk_utilization_ratio",
    Kind.GAUGE,
    ("instance_id",),
    Text("Parte do disco em uso, de 0 a 1", "Share of the disk in use"),
)
