"""What the inventory's keys for collection, limits and objectives mean."""

from __future__ import annotations

from catalogue.text import SectionTexts, Text

LIMITS = {
    "Collection": SectionTexts(
        Text(
            "Com que frequência, e com que atraso, o exporter lê.",
            "How often, and how late, the exporter reads.",
        ),
        {
            "period": Text("Período do CloudWatch.", "CloudWatch's period."),
            "lag": Text(
                "Quanto depois do fim de um período seu valor é aceito.",
                "How long after a period's end its value is first believed.",
            ),
            "lookback": Text(
                "Até quando um valor atrasado ainda é contado.",
                "How late a value may come and still be counted.",
            ),
            "backfill": Text(
                "O máximo que se busca depois de uma parada.",
                "The most that is fetched after an outage.",
            ),
            "stale_after": Text(
                "Por quanto tempo um coletor que falha mostra seus últimos valores.",
                "How long a failing collector's last values are still shown.",
            ),
            "control_plane_every": Text(
                "Cadência de aliases, regras, flags e implantações.",
                "Cadence of aliases, rules, flags and deployments.",
            ),
            "logs_every": Text("Cadência dos logs.", "Cadence of logs."),
            "logs_overlap": Text(
                "Quanto um evento de log pode atrasar.",
                "How late a log event may arrive.",
            ),
            "influxdb_every": Text(
                "Cadência da escrita de teste no InfluxDB.",
                "Cadence of the test write to InfluxDB.",
            ),
            "influxdb_deadline": Text(
                "Quanto se espera por uma resposta do InfluxDB.",
                "How long an answer of InfluxDB is waited for.",
            ),
            "cost_every": Text(
                "Cadência do Cost Explorer; cada pergunta custa um centavo.",
                "Cadence of Cost Explorer; each question costs a cent.",
            ),
            "cost_budget_monthly_usd": Text(
                "O máximo que a própria coleta pode custar.",
                "The most that collection itself may cost.",
            ),
            "slow_every": Text(
                "Cadência de durações e recusas por limite (throttling).",
                "Cadence of durations and throttles.",
            ),
            "probe_every": Text(
                "Cadência dos pedidos de saúde à API.",
                "Cadence of health requests to the API.",
            ),
            "probe_deadline": Text(
                "Quando um pedido de saúde é abandonado.",
                "When a health request is given up.",
            ),
            "resources_every": Text(
                "Cadência de versões, retenção e ciclo de vida.",
                "Cadence of versions, retention and lifecycle.",
            ),
            "storage_every": Text(
                "Cadência do que a AWS mede uma vez por dia.",
                "Cadence of what AWS measures once a day.",
            ),
            "security_every": Text(
                "Cadência de chaves e grupos de segurança.",
                "Cadence of keys and security groups.",
            ),
            "trail_every": Text("Cadência do CloudTrail.", "Cadence of CloudTrail."),
            "trail_overlap": Text(
                "Quanto um evento do CloudTrail pode atrasar.",
                "How late a CloudTrail event may arrive.",
            ),
            "deployments_lookback": Text(
                "Por quanto tempo as implantações são contadas.",
                "How long deployments are counted.",
            ),
        },
    ),
    "Threshold": SectionTexts(
        Text(
            "Um limite, sua janela e quantas janelas seguidas devem passá-lo.",
            "A limit, its window, and how many windows in a row must cross it.",
        ),
        {
            "above": Text(
                "O valor que deve ser passado.",
                "The value that must be exceeded.",
            ),
            "window": Text("Janela do julgamento.", "Window that is judged."),
            "times": Text("Janelas seguidas.", "Windows in a row."),
        },
    ),
    "Limits": SectionTexts(
        Text("Limites com padrão.", "Limits with defaults."),
        {
            "lambda_throttles": Text(
                "Invocações de uma função recusadas por limite.",
                "A function's invocations that were throttled.",
            ),
            "influxdb_query_seconds": Text(
                "Latência média da consulta que relê a escrita de teste.",
                "Mean latency of the query that reads the test write back.",
            ),
            "aws_throttles": Text(
                "Chamadas do exporter que a AWS recusou.",
                "Calls of the exporter that AWS refused.",
            ),
            "execution_running": Text(
                "Quanto uma execução pode durar.",
                "How long an execution may run.",
            ),
            "function_versions": Text(
                "Versões publicadas que uma função pode ter; a limpeza deixa cinco.",
                "Published versions that a function may have; pruning leaves five.",
            ),
            "alias_weights_left": Text(
                "Quanto tempo um alias pode dividir o tráfego.",
                "How long an alias may divide its traffic.",
            ),
            "failed_deployment_shown": Text(
                "Por quanto tempo se fala de uma implantação que falhou ou foi desfeita.",
                "How long a failed or undone deployment is told.",
            ),
            "snapshot_age": Text(
                "Maior idade do snapshot mais novo de um bucket.",
                "Greatest age of a bucket's newest snapshot.",
            ),
            "certificate_left": Text(
                "O mínimo que o certificado da API deve ainda valer.",
                "The least that the API's certificate must still be valid.",
            ),
            "influxdb_busy_ratio": Text(
                "Parte da CPU ou memória do banco que pode estar em uso.",
                "Share of the database's CPU or memory that may be in use.",
            ),
            "influxdb_busy_for": Text(
                "Por quanto tempo ela deve passar disso.",
                "For how long it must exceed that.",
            ),
            "provisioned_busy_ratio": Text(
                "Parte da concorrência provisionada que pode estar em uso.",
                "Share of provisioned concurrency that may be in use.",
            ),
            "cost_jump_factor": Text(
                "Quantas vezes a média da semana o dia de um serviço pode custar.",
                "How many times its trailing week's mean a service's day may cost.",
            ),
            "cost_jump_usd": Text(
                "E quanto a mais, no mínimo.",
                "And how much more, at least.",
            ),
            "collection_stretch": Text(
                "Quantas vezes o teto de custo pode esticar uma cadência.",
                "How many times the cost cap may stretch a cadence.",
            ),
            "clock_skew": Text(
                "Quanto um relógio pode estar adiantado ao do Prometheus.",
                "How far a clock may be ahead of Prometheus'.",
            ),
            "deployment_stuck": Text(
                "Quanto uma implantação pode estar em curso.",
                "How long a deployment may be in progress.",
            ),
            "influxdb_disk": Text(
                "Parte do disco do InfluxDB que pode estar em uso.",
                "Share of InfluxDB's disk that may be in use.",
            ),
            "corrupted_files": Text(
                "Arquivos que falharam na verificação.",
                "Files that failed their check.",
            ),
        },
    ),
    "Thresholds": SectionTexts(
        Text("Os limites dos alertas.", "The alerts' limits."),
        {
            "lambda_errors": Text("Erros de uma função.", "A function's errors."),
            "api_latency_seconds": Text(
                "Latência média da API.",
                "Mean latency of the API.",
            ),
            "influxdb_write_seconds": Text(
                "Latência média de escrita no InfluxDB.",
                "Mean latency of writes to InfluxDB.",
            ),
            "influxdb_record_age": Text(
                "Maior idade do registro de energia mais novo.",
                "Greatest age of the newest energy record.",
            ),
            "processing_idle": Text(
                "Quanto tempo pode passar sem um arquivo processado.",
                "How long no file may be processed.",
            ),
            "missing_after": Text(
                "Depois de quanto tempo a falta de dados é um alerta.",
                "After how long missing data is an alert.",
            ),
            "budget_shares": Text(
                "Partes do orçamento mensal que geram alerta.",
                "Shares of the monthly budget that alert.",
            ),
        },
    ),
    "Regression": SectionTexts(
        Text(
            "Quando erros depois de uma implantação são culpa dela.",
            "When errors after a deployment are its fault.",
        ),
        {
            "lookback": Text(
                "Quão recente deve ser a mudança do alias.",
                "How recently the alias must have moved.",
            ),
            "floor": Text(
                "Taxa de erro que deve ser passada.",
                "Error ratio that must be exceeded.",
            ),
            "factor": Text(
                "Quantas vezes a taxa da versão anterior.",
                "How many times the ratio of the version before.",
            ),
            "min_errors": Text(
                "O mínimo de falhas para julgar.",
                "The fewest failures to judge on.",
            ),
            "min_baseline": Text(
                "O mínimo de invocações anteriores.",
                "The fewest earlier invocations.",
            ),
            "periods": Text("Por quantos períodos.", "For how many periods."),
        },
    ),
    "Objectives": SectionTexts(
        Text(
            "Os SLOs e as janelas que os guardam.",
            "The SLOs and the windows that guard them.",
        ),
        {
            "period": Text(
                "Período do orçamento de erros; menor que a retenção do Prometheus.",
                "Period of the error budget; shorter than Prometheus' retention.",
            ),
            "windows": Text(
                "Janelas de queima do orçamento.",
                "Windows in which the budget burns.",
            ),
            "lambda_success": Text("Invocações sem erro.", "Invocations without error."),
            "api_latency": Text(
                "Pedidos à API rápidos o bastante.",
                "Requests to the API that are quick enough.",
            ),
            "api_availability": Text(
                "Pedidos à API sem 5xx.",
                "Requests to the API without 5xx.",
            ),
            "influxdb_write_success": Text(
                "Escritas de teste aceitas.",
                "Test writes that are accepted.",
            ),
            "influxdb_write_latency": Text(
                "Escritas de teste rápidas o bastante.",
                "Test writes that are quick enough.",
            ),
            "pipeline_freshness": Text(
                "Momentos com dados mais novos que `thresholds.influxdb_record_age`.",
                "Moments with data younger than `thresholds.influxdb_record_age`.",
            ),
        },
    ),
    "BurnWindow": SectionTexts(
        Text("Um par de janelas.", "A pair of windows."),
        {
            "severity": Text("O que o alerta é.", "What the alert is."),
            "long": Text("Janela longa.", "Long window."),
            "short": Text("Janela curta.", "Short window."),
            "budget_share": Text(
                "Parte do orçamento que pode queimar na janela longa.",
                "Share of the budget that may burn in the long window.",
            ),
        },
    ),
    "Objective": SectionTexts(
        Text("Uma parte de eventos bons.", "A share of good events."),
        {
            "target": Text(
                "A parte que deve ser boa.",
                "The share that must be good.",
            ),
            "min_bad_events": Text(
                "O mínimo de eventos ruins que vale acordar alguém.",
                "The fewest bad events worth waking somebody for.",
            ),
        },
    ),
    "LatencyObjective": SectionTexts(
        Text(
            "Uma parte de eventos rápidos o bastante.",
            "A share of events that are quick enough.",
        ),
        {
            "below": Text(
                "O que ainda conta como rápido; para o InfluxDB, um limite do histograma.",
                "What still counts as quick; for InfluxDB, a bound of the histogram.",
            ),
        },
    ),
    "Budget": SectionTexts(
        Text("O orçamento da plataforma.", "The platform's budget."),
        {
            "monthly_usd": Text("Quanto a plataforma pode custar.", "What the platform may cost."),
        },
    ),
}
