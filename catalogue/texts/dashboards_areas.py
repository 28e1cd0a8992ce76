"""Titles and descriptions of the panels of each area."""

from __future__ import annotations

from catalogue.text import Text
from catalogue.texts.dashboards import PanelTexts

API_HEALTH = PanelTexts(
    Text("Saúde da API", "API health"),
    Text("1 se o endereço de saúde respondeu 2xx.", "1 if the health address answered 2xx."),
)
API_CERTIFICATE = PanelTexts(
    Text("Validade do certificado", "Certificate's validity"),
    Text(
        "Tempo até o certificado expirar; vazio sem HTTPS.",
        "Time until the certificate expires; empty without HTTPS.",
    ),
)
API_CACHE = PanelTexts(
    Text("Cache da API", "API cache"),
    Text(
        "Acertos e faltas na última hora, e o estado do cache.",
        "Hits and misses over the last hour, and the cache's state.",
    ),
)
BUCKETS_UP = PanelTexts(
    Text("Buckets", "Buckets"),
    Text("1 se o bucket existe e responde.", "1 if the bucket is there and answers."),
)
SNAPSHOT_AGE = PanelTexts(
    Text("Idade dos snapshots", "Age of snapshots"),
    Text(
        "Idade do snapshot mais novo por bucket; a linha é o limite do alerta.",
        "Age of the newest snapshot by bucket; the line is the alert's limit.",
    ),
)
LIFECYCLE = PanelTexts(
    Text("Regras de ciclo de vida", "Lifecycle rules"),
    Text("Regras ativas por bucket.", "Rules that are enabled, by bucket."),
)
RULES_ENABLED = PanelTexts(
    Text("Regras do EventBridge", "EventBridge rules"),
    Text(
        "1 se a regra está habilitada, e quantos alvos ela inicia.",
        "1 if the rule is enabled, and how many targets it starts.",
    ),
)
EXECUTIONS = PanelTexts(
    Text("Execuções por hora", "Executions per hour"),
    Text(
        "Execuções terminadas na última hora por resultado, transições retidas e inícios que"
        " falharam.",
        "Executions that ended over the last hour by outcome, throttled transitions and failed"
        " starts.",
    ),
)
EXECUTION_AGE = PanelTexts(
    Text("Duração das execuções", "Duration of executions"),
    Text(
        "Há quanto tempo corre a mais antiga, e a média das terminadas na última hora; a linha é o"
        " limite do alerta.",
        "How long the oldest has been running, and the mean of those that ended over the last hour;"
        " the line is the alert's limit.",
    ),
)
DEPLOYMENTS = PanelTexts(
    Text("Implantações por resultado", "Deployments by status"),
    Text(
        "Implantações na janela do inventário, por estado, e reversões do CodeDeploy.",
        "Deployments within the inventory's look-back, by status, and CodeDeploy's rollbacks.",
    ),
)
ALIAS_WEIGHTS = PanelTexts(
    Text("Tráfego por versão", "Traffic by version"),
    Text(
        "Parte do tráfego que o alias dá a cada versão.",
        "Share of the traffic that the alias gives to each version.",
    ),
)
FLAGS = PanelTexts(
    Text("Feature flags", "Feature flags"),
    Text(
        "1 se a flag está ligada; «?» conta as que o inventário não conhece.",
        "1 if the flag is on; “?” counts those that the inventory does not know.",
    ),
)
FUNCTION_STATES = PanelTexts(
    Text("Estado das funções", "State of functions"),
    Text(
        "Funções por estado e por resultado da última atualização.",
        "Functions by state and by outcome of their last update.",
    ),
)
THROTTLES = PanelTexts(
    Text("Invocações recusadas", "Throttled invocations"),
    Text(
        "Invocações recusadas por limite em {window}; a linha é o limite do alerta.",
        "Invocations refused by throttling in {window}; the line is the alert's limit.",
    ),
)
PROVISIONED = PanelTexts(
    Text("Uso da concorrência provisionada", "Use of provisioned concurrency"),
    Text(
        "Maior parte em uso ao mesmo tempo; a linha é o limite do alerta.",
        "Largest share in use at once; the line is the alert's limit.",
    ),
)
FUNCTION_VERSIONS = PanelTexts(
    Text("Versões por função", "Versions by function"),
    Text(
        "Versões publicadas; a linha é o limite do alerta.",
        "Published versions; the line is the alert's limit.",
    ),
)
INFLUX_LOAD = PanelTexts(
    Text("Carga do InfluxDB", "InfluxDB load"),
    Text(
        "Parte da CPU e da memória em uso; a linha é o limite do alerta.",
        "Share of CPU and memory in use; the line is the alert's limit.",
    ),
)
INFLUX_QUERIES = PanelTexts(
    Text("Consultas no InfluxDB", "InfluxDB queries"),
    Text(
        "Duração média da consulta de teste; a linha é o limite do alerta.",
        "Mean duration of the test query; the line is the alert's limit.",
    ),
)
INFLUX_STATES = PanelTexts(
    Text("Estado do InfluxDB", "InfluxDB state"),
    Text(
        "Estado da instância segundo a AWS, e se cada endereço responde.",
        "State of the instance by AWS's word, and whether each address answers.",
    ),
)
COST_CHANGE = PanelTexts(
    Text("Custo de ontem sobre a semana", "Yesterday's cost over the week's"),
    Text(
        "Quantas vezes a média dos sete dias antes; a linha é o limite do alerta.",
        "How many times the mean of the seven days before; the line is the alert's limit.",
    ),
)
LOG_RETENTION = PanelTexts(
    Text("Logs sem retenção", "Logs without retention"),
    Text(
        "Grupos de log que guardam tudo para sempre.",
        "Log groups that keep everything for ever.",
    ),
)
TRAIL_EVENTS = PanelTexts(
    Text("Mudanças de permissões", "Changes of permissions"),
    Text(
        "Eventos do CloudTrail na última hora, por nome.",
        "CloudTrail events over the last hour, by name.",
    ),
)
OPEN_GROUPS = PanelTexts(
    Text("Regras abertas ao mundo", "Rules open to the world"),
    Text(
        "Regras de entrada abertas a qualquer endereço, por grupo de segurança.",
        "Ingress rules open to any address, by security group.",
    ),
)
KEY_AGE = PanelTexts(
    Text("Idade das chaves de acesso", "Age of access keys"),
    Text(
        "Idade de cada chave ativa; a linha é o limite do alerta.",
        "Age of every active key; the line is the alert's limit.",
    ),
)
MAINTENANCE = PanelTexts(
    Text("Manutenção", "Maintenance"),
    Text(
        "1 durante uma janela de manutenção, e quantos silêncios nossos estão em vigor.",
        "1 during a maintenance window, and how many silences of ours are in force.",
    ),
)
COLLECTION_COST = PanelTexts(
    Text("Custo da própria coleta", "Cost of collection itself"),
    Text(
        "No mês, previsto para o fim do mês, e o teto.",
        "This month, projected to the month's end, and the cap.",
    ),
)
STRETCH = PanelTexts(
    Text("Coleta alongada", "Stretched collection"),
    Text(
        "Quantas vezes o teto de custo alonga o intervalo; a linha é o limite do alerta.",
        "How many times the cost cap stretches the cadence; the line is the alert's limit.",
    ),
)
AWS_THROTTLES = PanelTexts(
    Text("Limites da AWS", "AWS throttling"),
    Text(
        "Chamadas recusadas por limite em {window}; a linha é o limite do alerta.",
        "Calls refused by throttling in {window}; the line is the alert's limit.",
    ),
)
CLOCK = PanelTexts(
    Text("Adiantamento do relógio", "Clock ahead"),
    Text(
        "Quanto o relógio do exporter está adiante do Prometheus; a linha é o limite do alerta.",
        "How far the exporter's clock is ahead of Prometheus'; the line is the alert's limit.",
    ),
)
STORED = PanelTexts(
    Text("Bytes guardados", "Bytes stored"),
    Text(
        "Por bucket e classe de armazenamento, medidos pelo S3 uma vez por dia.",
        "By bucket and storage class, measured by S3 once a day.",
    ),
)
INVOCATIONS = PanelTexts(
    Text("Invocações", "Invocations"),
    Text("Invocações por segundo, por função.", "Invocations per second, by function."),
)
DURATIONS = PanelTexts(
    Text("Duração das invocações", "Duration of invocations"),
    Text(
        "Média, e percentil 99 do período mais novo.",
        "Mean, and the newest period's 99th percentile.",
    ),
)
COLD_STARTS = PanelTexts(
    Text("Partidas a frio por hora", "Cold starts per hour"),
    Text(
        "Inicializações registradas no log na última hora, por função.",
        "Initialisations logged over the last hour, by function.",
    ),
)
RECORDS = PanelTexts(
    Text("Registros em 24 horas", "Records of 24 hours"),
    Text(
        "Quantos registros das últimas 24 horas o InfluxDB tem.",
        "How many records of the last 24 hours InfluxDB has.",
    ),
)
COST_PER_FILE = PanelTexts(
    Text("Custo por 1.000 arquivos", "Cost of 1,000 files"),
    Text(
        "O custo de ontem sobre os arquivos das últimas 24 horas; vazio sem arquivos.",
        "Yesterday's cost over the files of the last 24 hours; empty without files.",
    ),
)
SECURITY_EVENTS = PanelTexts(
    Text("Eventos SECURITY por hora", "SECURITY events per hour"),
    Text("Eventos de segurança nos logs, por função.", "Security events in the logs, by function."),
)
BLOCKED = PanelTexts(
    Text("Execuções detidas", "Blocked runs"),
    Text("O que uma guarda detém, e por quê.", "What a guard holds back, and why."),
)
RUN_DURATION = PanelTexts(
    Text("Duração das remediações", "Duration of remediations"),
    Text(
        "Percentil 90 das execuções encerradas, por fase; vazio enquanto nenhuma encerra.",
        "90th percentile of closed runs, by phase; empty while none closes.",
    ),
)
DELIVERIES = PanelTexts(
    Text("Alertas entregues", "Alerts delivered"),
    Text(
        "Alertas recebidos na última hora, pelo que se decidiu.",
        "Alerts received over the last hour, by what was decided.",
    ),
)
DATAPOINT_AGE = PanelTexts(
    Text("Idade dos dados da AWS", "Age of AWS' data"),
    Text(
        "Idade do valor mais novo do recurso mais atrasado, por coletor.",
        "Age of the newest value of the resource that lags most, by collector.",
    ),
)
COLLECTION_SECONDS = PanelTexts(
    Text("Duração das coletas", "Duration of collections"),
    Text("Quanto durou a última coleta.", "How long the last collection took."),
)
