"""API Gateway: requests, errors and latency of every stage in the inventory."""

from __future__ import annotations

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text

REQUESTS = MetricSpec(
    "dataplatform_api_requests_total",
    Kind.COUNTER,
    ("api", "stage"),
    Text("Requisições recebidas pela API", "Requests that the API received"),
)
ERRORS = MetricSpec(
    "dataplatform_api_errors_total",
    Kind.COUNTER,
    ("api", "stage", "class"),
    Text("Requisições que terminaram em erro 4xx ou 5xx", "Requests that ended in 4xx or 5xx"),
)
SLOW_REQUESTS = MetricSpec(
    "dataplatform_api_slow_requests_total",
    Kind.COUNTER,
    ("api", "stage"),
    Text(
        "Requisições mais lentas que o objetivo de latência",
        "Requests slower than the latency objective",
    ),
)
LATENCY = MetricSpec(
    "dataplatform_api_latency_seconds",
    Kind.SUMMARY,
    ("api", "stage"),
    Text("Latência das respostas da API", "Latency of the API's responses"),
    quantiles=(0.5, 0.9, 0.99),
)
SPECS = (REQUESTS, ERRORS, SLOW_REQUESTS, LATENCY)
