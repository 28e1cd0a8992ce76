"""The remediation service's metrics of itself, all read from the ledger at each scrape."""

from __future__ import annotations

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text

DELIVERIES = MetricSpec(
    "vigia_deliveries_total",
    Kind.COUNTER,
    ("outcome",),
    Text("Alertas entregues, pelo que se decidiu", "Alerts delivered, by what was decided"),
)
RUNS_TOTAL = MetricSpec(
    "vigia_runs_total",
    Kind.COUNTER,
    ("action", "outcome"),
    Text("Execuções encerradas", "Closed runs"),
)
RUNS = MetricSpec(
    "vigia_runs",
    Kind.GAUGE,
    ("state",),
    Text("Execuções abertas, por estado", "Open runs, by state"),
)
RUN_BLOCKED = MetricSpec(
    "vigia_run_blocked",
    Kind.GAUGE,
    ("action", "target", "reason"),
    Text("1 enquanto uma guarda detém a execução", "1 while a guard holds the run"),
)
BLOCKS = MetricSpec(
    "vigia_run_blocks_total",
    Kind.COUNTER,
    ("reason",),
    Text("Vezes que uma guarda deteve uma execução", "Times that a guard held a run"),
)
RUN_NEEDS_HUMAN = MetricSpec(
    "vigia_run_needs_human",
    Kind.GAUGE,
    ("action", "target", "outcome"),
    Text(
        "1 se nas últimas quatro horas uma execução terminou precisando de uma pessoa",
        "1 if within the last four hours a run ended in need of a human",
    ),
)
RUN_DURATION = MetricSpec(
    "vigia_run_duration_seconds",
    Kind.HISTOGRAM,
    ("action", "phase"),
    Text(
        "Duração das execuções encerradas, por fase: decide, act, verify",
        "Duration of closed runs, by phase: decide, act, verify",
    ),
    buckets=(1.0, 5.0, 15.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0),
)
KILL_SWITCH = MetricSpec(
    "vigia_kill_switch",
    Kind.GAUGE,
    (),
    Text("1 se as ações estão suspensas", "1 if actions are paused"),
)
APPROVALS_PENDING = MetricSpec(
    "vigia_approvals_pending",
    Kind.GAUGE,
    (),
    Text("Execuções que aguardam aprovação", "Runs that await approval"),
)
ESCALATIONS_PENDING = MetricSpec(
    "vigia_escalations_pending",
    Kind.GAUGE,
    (),
    Text(
        "Pedidos de ajuda ainda não entregues ao Alertmanager",
        "Calls for a human not yet delivered to Alertmanager",
    ),
)
ENGINE_CYCLE = MetricSpec(
    "vigia_engine_last_cycle_timestamp_seconds",
    Kind.GAUGE,
    (),
    Text(
        "Quando o motor olhou o livro pela última vez", "When the engine last looked at the ledger"
    ),
)
LEDGER_UP = MetricSpec(
    "vigia_ledger_up",
    Kind.GAUGE,
    (),
    Text("1 se o livro pôde ser lido", "1 if the ledger could be read"),
)
TRUNCATED = MetricSpec(
    "vigia_deliveries_truncated_total",
    Kind.COUNTER,
    (),
    Text("Alertas que o Alertmanager deixou de entregar", "Alerts that Alertmanager left out"),
)
SPECS = (
    DELIVERIES,
    RUNS_TOTAL,
    RUNS,
    RUN_BLOCKED,
    BLOCKS,
    RUN_NEEDS_HUMAN,
    RUN_DURATION,
    KILL_SWITCH,
    APPROVALS_PENDING,
    ESCALATIONS_PENDING,
    ENGINE_CYCLE,
    LEDGER_UP,
    TRUNCATED,
)
