"""The table of ``vigia health``."""

from __future__ import annotations

from collections.abc import Mapping

from catalogue.text import Text

COLUMNS: Mapping[str, Text] = {
    "check": Text("verificação", "check"),
    "resource": Text("recurso", "resource"),
    "verdict": Text("resultado", "verdict"),
    "value": Text("valor", "value"),
    "before": Text("semana anterior", "week before"),
    "change": Text("variação", "change"),
}
VERDICTS: Mapping[str, Text] = {
    "well": Text("bem", "well"),
    "bad": Text("MAL", "BAD"),
    "unknown": Text("desconhecido", "unknown"),
    "told": Text("informado", "told"),
}
FIRING = Text("alertas disparados", "alerts firing")
COLLECTORS = Text("coletor em dia", "collector up")
LAMBDA_ERRORS = Text("razão de falhas, 1 h", "failure ratio, 1 h")
LAMBDA_THROTTLES = Text("invocações recusadas, 1 h", "throttled invocations, 1 h")
API_SERVER_ERRORS = Text("respostas 5xx, 1 h", "5xx responses, 1 h")
API_LATENCY = Text("latência média da API, 1 h", "mean API latency, 1 h")
SUCCESSES = Text("eventos SUCCESS, 1 h", "SUCCESS events, 1 h")
FILES = Text("arquivos processados por hora", "files processed per hour")
INFLUX_UP = Text("InfluxDB aceita e devolve escritas", "InfluxDB takes and returns writes")
RECORD_AGE = Text("idade do registro mais novo", "age of the newest record")
RECORDS = Text("registros em 24 h", "records in 24 h")
ERROR_EVENTS_WEEK = Text("eventos ERROR, 7 dias", "ERROR events, 7 days")
INVOCATIONS_WEEK = Text("invocações, 7 dias", "invocations, 7 days")
ERRORS_WEEK = Text("invocações com falha, 7 dias", "failed invocations, 7 days")
SECURITY_DAY = Text("eventos SECURITY, 24 h", "SECURITY events, 24 h")
SECURITY_WEEK = Text("eventos SECURITY, 7 dias", "SECURITY events, 7 days")
LAMBDA_ACTIVE = Text("função ativa", "function active")
API_HEALTH = Text("endereço de saúde da API responde", "API health address answers")
BUCKET_UP = Text("bucket acessível", "bucket reachable")
RULE_ENABLED = Text("regra habilitada", "rule enabled")
INFLUX_AVAILABLE = Text("instância InfluxDB disponível", "InfluxDB instance available")
DEPLOYMENTS = Text("implantações em andamento", "deployments in progress")
EXECUTIONS = Text("execuções em andamento", "executions running")
FLAGS = Text("flag ligada", "flag on")
MAINTENANCE = Text("janela de manutenção", "maintenance window")
OPEN_GROUPS = Text("regras abertas ao mundo", "rules open to the world")
OLD_KEYS = Text("chaves de acesso vencidas", "overdue access keys")
STORAGE = Text("armazenamento", "storage")
OBJECTS = Text("objetos", "objects")
SNAPSHOT_AGE = Text("idade do último snapshot", "age of the last snapshot")
WITHOUT_RETENTION = Text("grupos de log sem retenção", "log groups without retention")
COST_DAY = Text("custo de ontem", "cost of yesterday")
COST_WEEK = Text("custo diário médio, 7 dias", "mean daily cost, 7 days")
COST_FORECAST = Text("previsão do mês", "forecast of the month")
