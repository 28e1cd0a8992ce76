"""Lambda: invocations, errors, throttles, duration, and the version each alias serves."""

from __future__ import annotations

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text

INVOCATIONS = MetricSpec(
    "dataplatform_lambda_invocations_total",
    Kind.COUNTER,
    ("function",),
    Text("Invocações da função", "Invocations of the function"),
)
ERRORS = MetricSpec(
    "dataplatform_lambda_errors_total",
    Kind.COUNTER,
    ("function",),
    Text("Invocações que falharam", "Invocations that failed"),
)
THROTTLES = MetricSpec(
    "dataplatform_lambda_throttles_total",
    Kind.COUNTER,
    ("function",),
    Text("Invocações recusadas por limite de concorrência", "Invocations refused by throttling"),
)
DURATION = MetricSpec(
    "dataplatform_lambda_duration_seconds",
    Kind.SUMMARY,
    ("function",),
    Text("Duração das invocações", "Duration of invocations"),
    quantiles=(0.5, 0.9, 0.99),
)
VERSION_INVOCATIONS = MetricSpec(
    "dataplatform_lambda_version_invocations_total",
    Kind.COUNTER,
    ("function", "alias", "version"),
    Text(
        "Invocações em períodos em que o alias servia só esta versão",
        "Invocations in periods in which the alias served this version alone",
    ),
)
VERSION_ERRORS = MetricSpec(
    "dataplatform_lambda_version_errors_total",
    Kind.COUNTER,
    ("function", "alias", "version"),
    Text(
        "Falhas em períodos em que o alias servia só esta versão",
        "Failures in periods in which the alias served this version alone",
    ),
)
ALIAS_INFO = MetricSpec(
    "dataplatform_lambda_alias_info",
    Kind.GAUGE,
    ("function", "alias", "version"),
    Text("Versão servida pelo alias; sempre 1", "Version that the alias serves; always 1"),
)
ALIAS_CHANGED = MetricSpec(
    "dataplatform_lambda_alias_changed_timestamp_seconds",
    Kind.GAUGE,
    ("function", "alias"),
    Text(
        "Quando se viu o alias mudar de versão; ausente se nunca se viu",
        "When the alias was seen to change version; absent if it never was",
    ),
)
SPECS = (
    INVOCATIONS,
    ERRORS,
    THROTTLES,
    DURATION,
    VERSION_INVOCATIONS,
    VERSION_ERRORS,
    ALIAS_INFO,
    ALIAS_CHANGED,
)
