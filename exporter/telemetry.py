"""The exporter's metrics of itself: every collector's health, and what collection costs."""

from __future__ import annotations

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text

COLLECTOR_UP = MetricSpec(
    "vigia_collector_up",
    Kind.GAUGE,
    ("collector",),
    Text("1 se a última coleta terminou bem", "1 if the last collection succeeded"),
)
LAST_SUCCESS = MetricSpec(
    "vigia_collector_last_success_timestamp_seconds",
    Kind.GAUGE,
    ("collector",),
    Text(
        "Quando a coleta terminou bem pela última vez; ausente se nunca",
        "When collection last succeeded; absent if it never did",
    ),
)
DURATION = MetricSpec(
    "vigia_collector_duration_seconds",
    Kind.GAUGE,
    ("collector",),
    Text("Duração da última coleta", "Duration of the last collection"),
)
FAILURES = MetricSpec(
    "vigia_collector_failures_total",
    Kind.COUNTER,
    ("collector", "reason"),
    Text("Coletas que falharam, por motivo", "Collections that failed, by reason"),
)
COVERAGE = MetricSpec(
    "vigia_collector_coverage_ratio",
    Kind.GAUGE,
    ("collector",),
    Text("Recursos vistos sobre recursos esperados", "Resources seen over resources expected"),
)
STALE = MetricSpec(
    "vigia_collector_stale",
    Kind.GAUGE,
    ("collector",),
    Text(
        "1 se os valores mostrados vêm de uma coleta anterior à última, que falhou",
        "1 if the values shown are from before the last collection, which failed",
    ),
)
SCOPE_UP = MetricSpec(
    "vigia_collector_scope_up",
    Kind.GAUGE,
    ("collector", "scope"),
    Text(
        "1 se o coletor lê os recursos do escopo; 0 enquanto o escopo falha e fica de fora",
        "1 if the collector reads the scope's resources; 0 while the scope fails and is left out",
    ),
)
SCOPE_FAILURES = MetricSpec(
    "vigia_collector_scope_failures_total",
    Kind.COUNTER,
    ("collector", "scope", "reason"),
    Text(
        "Falhas de um escopo que não pararam o coletor, por motivo",
        "Failures of one scope that did not stop the collector, by reason",
    ),
)
DATAPOINT_AGE = MetricSpec(
    "vigia_datapoint_age_seconds",
    Kind.GAUGE,
    ("collector", "resource"),
    Text(
        "Idade do dado mais novo do recurso; ausente se nunca houve dado",
        "Age of the resource's newest datapoint; absent if there never was one",
    ),
)
REVISED_DOWN = MetricSpec(
    "vigia_periods_revised_down_total",
    Kind.COUNTER,
    ("collector",),
    Text(
        "Períodos que a AWS corrigiu para baixo; nunca subtraídos",
        "Periods that AWS revised downwards; never subtracted",
    ),
)
STATE_RESETS = MetricSpec(
    "vigia_state_resets_total",
    Kind.COUNTER,
    (),
    Text(
        "Vezes em que o estado ilegível foi posto de lado e os contadores recomeçaram",
        "Times an unreadable state was moved aside and counters began anew",
    ),
)
AWS_REQUESTS = MetricSpec(
    "vigia_aws_requests_total",
    Kind.COUNTER,
    ("service", "operation", "code"),
    Text(
        "Requisições HTTP à AWS, novas tentativas incluídas", "HTTP requests to AWS, with retries"
    ),
)
AWS_THROTTLES = MetricSpec(
    "vigia_aws_throttles_total",
    Kind.COUNTER,
    ("account", "region", "service"),
    Text(
        "Respostas da AWS que pediram menos chamadas",
        "Answers in which AWS asked for fewer calls",
    ),
)
AWS_HELD = MetricSpec(
    "vigia_aws_held_back_seconds_total",
    Kind.COUNTER,
    ("account", "region", "service"),
    Text(
        "Segundos em que chamadas esperaram para caber no limite da API",
        "Seconds that calls waited to stay within the API's limit",
    ),
)
AWS_BILLED = MetricSpec(
    "vigia_aws_billed_metrics_total",
    Kind.COUNTER,
    (),
    Text(
        "Métricas cobradas por GetMetricData, como a AWS as conta",
        "Metrics billed by GetMetricData, as AWS counts them",
    ),
)
AWS_COST = MetricSpec(
    "vigia_aws_cost_usd_total",
    Kind.COUNTER,
    ("service",),
    Text("Quanto a própria coleta custou, em dólares", "What collection itself cost, in USD"),
)
CADENCE = MetricSpec(
    "vigia_collector_cadence_seconds",
    Kind.GAUGE,
    ("collector",),
    Text(
        "Intervalo entre coletas, alongado se o teto de custo o exige",
        "Time between collections, stretched where the cost cap demands it",
    ),
)
STRETCH = MetricSpec(
    "vigia_collector_stretch_ratio",
    Kind.GAUGE,
    ("collector",),
    Text(
        "Quantas vezes o teto de custo alonga o intervalo entre coletas; 1 se não o alonga",
        "How many times the cost cap stretches the time between collections; 1 if it does not",
    ),
)
COST_CAP = MetricSpec(
    "vigia_cost_cap_usd",
    Kind.GAUGE,
    (),
    Text(
        "Teto mensal do custo da própria coleta, em dólares; com vários shards, a parte deste",
        "Monthly cap on what collection itself costs, in USD; among shards, this one's share",
    ),
)
COST_MONTH = MetricSpec(
    "vigia_cost_month_usd",
    Kind.GAUGE,
    (),
    Text(
        "Quanto a própria coleta custou neste mês (UTC), em dólares",
        "What collection itself cost in this month (UTC), in USD",
    ),
)
COST_PROJECTED = MetricSpec(
    "vigia_cost_projected_usd",
    Kind.GAUGE,
    (),
    Text(
        "Quanto a própria coleta terá custado no fim do mês nos intervalos atuais, em dólares",
        "What collection itself will have cost by the month's end at these cadences, in USD",
    ),
)
SHARD_INFO = MetricSpec(
    "vigia_shard_info",
    Kind.GAUGE,
    ("shard", "shards"),
    Text(
        "Qual parte dos recursos este exporter coleta, contada de 0; sempre 1",
        "Which part of the resources this exporter collects, counted from 0; always 1",
    ),
)
BUILD_INFO = MetricSpec(
    "vigia_build_info",
    Kind.GAUGE,
    ("component", "version"),
    Text("Versão do programa; sempre 1", "Version of the program; always 1"),
)
SPECS = (
    COLLECTOR_UP,
    LAST_SUCCESS,
    DURATION,
    FAILURES,
    COVERAGE,
    STALE,
    SCOPE_UP,
    SCOPE_FAILURES,
    DATAPOINT_AGE,
    REVISED_DOWN,
    STATE_RESETS,
    AWS_REQUESTS,
    AWS_THROTTLES,
    AWS_HELD,
    AWS_BILLED,
    AWS_COST,
    CADENCE,
    STRETCH,
    COST_CAP,
    COST_MONTH,
    COST_PROJECTED,
    SHARD_INFO,
    BUILD_INFO,
)
