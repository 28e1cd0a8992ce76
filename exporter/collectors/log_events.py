"""Log events: the inventory's words, counted once each in every function's log group."""

from __future__ import annotations

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text

EVENTS = MetricSpec(
    "dataplatform_log_events_total",
    Kind.COUNTER,
    ("event", "function"),
    Text("Eventos de log que contêm a palavra do evento", "Log events that hold the event's word"),
)
NEVER_MATCHED = MetricSpec(
    "dataplatform_log_pattern_never_matched",
    Kind.GAUGE,
    ("event", "function"),
    Text(
        "1 se a palavra nunca apareceu desde o início da coleta",
        "1 if the word was never found since collection began",
    ),
)
SPECS = (EVENTS, NEVER_MATCHED)
