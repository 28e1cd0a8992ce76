"""InfluxDB: a canary write with read-back, and how fresh the energy data are."""

from __future__ import annotations

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text

WRITE_LATENCY = MetricSpec(
    "dataplatform_influxdb_write_latency_seconds",
    Kind.HISTOGRAM,
    ("bucket",),
    Text("Duração das escritas de teste aceitas", "Duration of accepted canary writes"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
UP = MetricSpec(
    "dataplatform_influxdb_up",
    Kind.GAUGE,
    ("bucket",),
    Text(
        "1 se a última escrita de teste foi aceita e lida de volta",
        "1 if the last canary write was accepted and read back",
    ),
)
WRITE_ERRORS = MetricSpec(
    "dataplatform_influxdb_write_errors_total",
    Kind.COUNTER,
    ("bucket", "reason"),
    Text("Escritas de teste que falharam", "Canary writes that failed"),
)
RECORD_AGE = MetricSpec(
    "dataplatform_influxdb_record_age_seconds",
    Kind.GAUGE,
    ("bucket", "measurement"),
    Text("Idade do registro mais novo", "Age of the newest record"),
)
RECORDS_24H = MetricSpec(
    "dataplatform_influxdb_records_24h",
    Kind.GAUGE,
    ("bucket",),
    Text("Registros das últimas 24 horas", "Records of the last 24 hours"),
)
SPECS = (WRITE_LATENCY, UP, WRITE_ERRORS, RECORD_AGE, RECORDS_24H)
