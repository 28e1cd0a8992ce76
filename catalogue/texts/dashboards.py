"""Titles and descriptions of the dashboards' panels."""

from __future__ import annotations

from dataclasses import dataclass

from catalogue.text import Text


@dataclass(frozen=True)
class PanelTexts:
    """What a panel is called, and how to read it."""

    title: Text
    description: Text


OVERVIEW = PanelTexts(
    Text("Vigia: visão geral", "Vigia: overview"),
    Text(
        "Os cinco indicadores da plataforma, o que dispara, o que custa e o que o Vigia fez.",
        "The platform's five indicators, what fires, what it costs and what Vigia did.",
    ),
)
PIPELINE = PanelTexts(
    Text("Vigia: processamento", "Vigia: pipeline"),
    Text(
        "Arquivos, regras que iniciam o processamento, execuções e buckets.",
        "Files, the rules that start their processing, executions and buckets.",
    ),
)
FUNCTIONS = PanelTexts(
    Text("Vigia: funções e implantações", "Vigia: functions and deployments"),
    Text(
        "Falhas por função e versão, implantações, flags, capacidade.",
        "Failures by function and version, deployments, flags, capacity.",
    ),
)
API = PanelTexts(
    Text("Vigia: API", "Vigia: API"),
    Text(
        "Latência, requisições, erros, saúde e cache da API.",
        "Latency, requests, errors, health and cache of the API.",
    ),
)
INFLUXDB = PanelTexts(
    Text("Vigia: InfluxDB", "Vigia: InfluxDB"),
    Text(
        "Escritas e consultas de teste, idade dos dados, carga e estado da instância.",
        "Canary writes and queries, age of the data, load and state of the instance.",
    ),
)
COST = PanelTexts(
    Text("Vigia: custos", "Vigia: cost"),
    Text(
        "Custo por serviço e mês, o que mudou, e o que observar custa.",
        "Cost by service and month, what changed, and what watching costs.",
    ),
)
SECURITY = PanelTexts(
    Text("Vigia: segurança", "Vigia: security"),
    Text(
        "Eventos de segurança e do CloudTrail, grupos abertos, idade das chaves.",
        "Security and CloudTrail events, groups open to the world, age of keys.",
    ),
)
REMEDIATION = PanelTexts(
    Text("Vigia: remediações", "Vigia: remediation"),
    Text(
        "O que espera, o que foi feito e como terminou, e se o motor vive.",
        "What waits, what was done and how it ended, and whether the engine lives.",
    ),
)
OWN = PanelTexts(
    Text("Vigia: o próprio Vigia", "Vigia: Vigia itself"),
    Text(
        "Quem coleta, quão fresco e completo, e o que se pede à AWS.",
        "Who collects, how fresh and how complete, and what AWS is asked.",
    ),
)
MAINTENANCE_WINDOW = Text("Manutenção", "Maintenance")
DEPLOYMENTS = Text("Implantações", "Deployments")
RUNS_ENDED = Text("Remediações", "Remediations")
RUNBOOK = Text("Roteiro: {alert}", "Runbook: {alert}")
NONE = Text("Nada", "Nothing")

FIRING = PanelTexts(
    Text("Alertas disparando", "Alerts firing"),
    Text("Quantos alertas disparam agora.", "How many alerts fire now."),
)
BUDGET_LEFT = PanelTexts(
    Text("Orçamento de erro restante", "Error budget left"),
    Text(
        "Parte do orçamento de erro de {period} que resta, por objetivo, e quanto dele uma única"
        " falha custa.",
        "Share of the error budget of {period} that is left, by objective, and how much of it one"
        " single failure costs.",
    ),
)
COLLECTORS_UP = PanelTexts(
    Text("Coletores", "Collectors"),
    Text("1 se a última coleta terminou bem.", "1 if the last collection succeeded."),
)
OPEN_RUNS = PanelTexts(
    Text("Remediações em aberto", "Open remediations"),
    Text(
        "Execuções abertas por estado; detidas e à espera de aprovação pedem uma pessoa.",
        "Open runs by state; blocked ones and those awaiting approval want a person.",
    ),
)
FILES_PROCESSED = PanelTexts(
    Text("Arquivos processados por hora", "Files processed per hour"),
    Text(
        "Arquivos processados e com falha na última hora.",
        "Files processed and failed over the last hour.",
    ),
)
API_LATENCY = PanelTexts(
    Text("Latência da API", "API latency"),
    Text(
        "Média, e percentil 99 do período mais novo; a linha é o limite do alerta.",
        "Mean, and the newest period's 99th percentile; the line is the alert's limit.",
    ),
)
LAMBDA_ERRORS = PanelTexts(
    Text("Falhas das funções", "Function errors"),
    Text(
        "Invocações com falha por função na janela do alerta; a linha é o limite.",
        "Failed invocations by function over the alert's window; the line is its limit.",
    ),
)
INFLUX_LATENCY = PanelTexts(
    Text("Escrita no InfluxDB", "InfluxDB writes"),
    Text(
        "Duração média e percentil 90 das escritas de teste; a linha é o limite do alerta.",
        "Mean duration and 90th percentile of canary writes; the line is the alert's limit.",
    ),
)
DAILY_COST = PanelTexts(
    Text("Custo de ontem por serviço", "Yesterday's cost by service"),
    Text(
        "Custo do dia anterior (UTC) por serviço, em dólares.",
        "Cost of the day before (UTC) by service, in USD.",
    ),
)
COST_OF_MONTH = PanelTexts(
    Text("Custo do mês", "Cost of the month"),
    Text(
        "Gasto até ontem, previsão e orçamento; as linhas são os avisos.",
        "Spent up to yesterday, forecast and budget; the lines are the warnings.",
    ),
)
ERROR_RATIO = PanelTexts(
    Text("Razão de falhas por função", "Error ratio by function"),
    Text(
        "Parte das invocações que falha; a linha é o piso da regressão após implantação.",
        "Share of invocations that fail; the line is the floor of a regression after deployment.",
    ),
)
VERSION_ERRORS = PanelTexts(
    Text("Falhas por versão", "Errors by version"),
    Text(
        "Falhas por segundo da versão que o alias servia.",
        "Failures per second of the version that the alias served.",
    ),
)
ALERTS_IN_TIME = PanelTexts(
    Text("Alertas no tempo", "Alerts over time"),
    Text("Alertas disparando, por nome.", "Alerts firing, by name."),
)
API_REQUESTS = PanelTexts(
    Text("Requisições à API", "API requests"),
    Text("Requisições por segundo e as lentas entre elas.", "Requests per second, and slow ones."),
)
API_ERRORS = PanelTexts(
    Text("Erros da API", "API errors"),
    Text("Respostas 4xx e 5xx por segundo.", "Answers of 4xx and 5xx per second."),
)
LOG_EVENTS = PanelTexts(
    Text("Eventos de log", "Log events"),
    Text("Eventos por segundo, por palavra.", "Events per second, by word."),
)
RECORD_AGE = PanelTexts(
    Text("Idade dos dados de energia", "Age of the energy data"),
    Text(
        "Idade do registro mais novo por medição; a linha é o limite do alerta.",
        "Age of the newest record by measurement; the line is the alert's limit.",
    ),
)
RUNS = PanelTexts(
    Text("Remediações encerradas", "Closed remediations"),
    Text(
        "Execuções encerradas na última hora, por ação e resultado.",
        "Runs closed over the last hour, by action and outcome.",
    ),
)
ENGINE_AGE = PanelTexts(
    Text("Motor de remediação", "Remediation engine"),
    Text(
        "Há quanto tempo o motor olhou o livro; a linha é o limite do alerta.",
        "How long ago the engine looked at the ledger; the line is the alert's limit.",
    ),
)
COLLECTOR_AGE = PanelTexts(
    Text("Última coleta bem-sucedida", "Last good collection"),
    Text(
        "Há quanto tempo cada coletor terminou bem; custo é lido poucas vezes ao dia.",
        "How long ago each collector succeeded; cost is read few times a day.",
    ),
)
COVERAGE = PanelTexts(
    Text("Cobertura da coleta", "Coverage of collection"),
    Text(
        "Recursos vistos sobre recursos do inventário.",
        "Resources seen over resources of the inventory.",
    ),
)
AWS_REQUESTS = PanelTexts(
    Text("Requisições à AWS", "Requests to AWS"),
    Text("Chamadas por segundo, por serviço e código.", "Calls per second, by service and code."),
)
