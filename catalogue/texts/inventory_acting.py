"""What the inventory's keys for playbooks, the engine and alerting mean."""

from __future__ import annotations

from catalogue.text import SectionTexts, Text

ACTING = {
    "Playbook": SectionTexts(
        Text(
            "O que um alerta pode iniciar.",
            "What an alert may set off.",
        ),
        {
            "name": Text(
                "Nome, valor do rótulo `remediation`.",
                "Name, the value of the label `remediation`.",
            ),
            "action": Text("A ação.", "The action."),
            "mode": Text(
                "Só mostra, espera aprovação ou age; sem ele decide o risco da ação.",
                "Only shows, waits for approval, or acts; without it the action's risk decides.",
            ),
            "targets": Text(
                "Alvos permitidos; qualquer outro é recusado.",
                "Targets that are allowed; any other is refused.",
            ),
            "alerts": Text(
                "Alertas que podem pedi-lo.",
                "Alerts that may ask for it.",
            ),
            "params": Text("Parâmetros da ação.", "Parameters of the action."),
        },
    ),
    "Engine": SectionTexts(
        Text(
            "Limites das guardas e tempos do motor.",
            "Limits of the guards, and times of the engine.",
        ),
        {
            "lookback": Text(
                "Até onde se procura uma mudança culpada e alvos doentes.",
                "How far back a change to blame and sick targets are looked for.",
            ),
            "cool_down": Text(
                "Descanso de uma ação num alvo depois que agiu nele.",
                "Rest of an action on a target after it acted there.",
            ),
            "runs_per_hour": Text(
                "O máximo que age.",
                "The most that act.",
            ),
            "max_share": Text(
                "A maior parte de alvos de um tipo em que se age numa hora.",
                "The largest share of one kind of target that is acted on within an hour.",
            ),
            "most_calls_per_run": Text(
                "O máximo que se chama sem uma pessoa; um plano mais longo espera aprovação.",
                "The most that is called without a person; a longer plan waits for approval.",
            ),
            "storm": Text(
                "Muitos alvos doentes de uma vez detêm o motor.",
                "Many sick targets at once hold the engine.",
            ),
            "plan_expiry": Text("Quanto vale um plano.", "How long a plan holds."),
            "approval_expiry": Text(
                "Quanto se espera por uma aprovação.",
                "How long an approval is waited for.",
            ),
            "block_retry": Text(
                "De quanto em quanto se olha uma execução detida.",
                "How often a held run is looked at again.",
            ),
            "block_expiry": Text(
                "Quando uma execução detida expira.",
                "When a held run expires.",
            ),
            "settle": Text(
                "Espera depois da ação, antes de julgar o resultado.",
                "Wait after the action, before its outcome is judged.",
            ),
            "sample_every": Text(
                "Intervalo entre as amostras da verificação.",
                "Interval between samples of verification.",
            ),
            "verify_samples": Text(
                "Amostras que devem concordar.",
                "Samples that must agree.",
            ),
            "verify_deadline": Text(
                "Quando a verificação desiste.",
                "When verification gives up.",
            ),
            "lease": Text(
                "Depois de quanto tempo outro processo assume uma execução.",
                "After how long another process takes a run over.",
            ),
        },
    ),
    "Storm": SectionTexts(
        Text(
            "Quando o disjuntor abre e fecha.",
            "When the breaker opens and closes.",
        ),
        {
            "sick": Text(
                "Alvos doentes que detêm o motor.",
                "Sick targets that hold the engine.",
            ),
            "clear": Text(
                "Quantos podem restar para que ele siga.",
                "How many may be left for it to go on.",
            ),
        },
    ),
    "Alerting": SectionTexts(
        Text(
            "Ritmo do Prometheus e do Alertmanager, canais e endereços.",
            "Prometheus' and Alertmanager's tempo, channels and addresses.",
        ),
        {
            "scrape_interval": Text(
                "Intervalo de coleta do Prometheus.",
                "Prometheus' scrape interval.",
            ),
            "evaluation_interval": Text(
                "Intervalo de avaliação das regras.",
                "Evaluation interval of the rules.",
            ),
            "group_wait": Text(
                "Espera antes do primeiro aviso de um grupo.",
                "Wait before a group's first notice.",
            ),
            "group_interval": Text(
                "Espera antes de avisar de novidades no grupo.",
                "Wait before news of a group are told.",
            ),
            "repeat_interval": Text(
                "Quando um aviso é repetido.",
                "When a notice is repeated.",
            ),
            "watchdog_repeat": Text(
                "Intervalo da batida do vigia (`watchdog_url`).",
                "Interval of the heartbeat (`watchdog_url`).",
            ),
            "remediation_group_wait": Text(
                "Espera antes de entregar um alerta ao Vigia.",
                "Wait before an alert is handed to Vigia.",
            ),
            "escalate_after": Text(
                "Quando uma chamada não resolvida vai ao nível seguinte.",
                "When an unsolved page goes to the next level.",
            ),
            "prometheus_url": Text(
                "Onde as ações pedem evidência.",
                "Where actions ask for evidence.",
            ),
            "alertmanager_url": Text(
                "Onde se silencia e se chama alguém.",
                "Where silences and calls to people are placed.",
            ),
            "grafana_url": Text(
                "Para os links dos alertas aos painéis.",
                "For the links from alerts to dashboards.",
            ),
            "runbook_base_url": Text(
                "Para os links dos alertas aos runbooks.",
                "For the links from alerts to runbooks.",
            ),
            "remediations_url": Text(
                "Serviço de remediação, para o Alertmanager e a linha de comando.",
                "The remediation service, for Alertmanager and the command line.",
            ),
            "exporter_address": Text(
                "Onde o Prometheus coleta o exporter.",
                "Where Prometheus scrapes the exporter.",
            ),
            "remediations_address": Text(
                "Onde o Prometheus coleta o serviço de remediação.",
                "Where Prometheus scrapes the remediation service.",
            ),
            "alertmanager_address": Text(
                "Onde o Prometheus encontra o Alertmanager.",
                "Where Prometheus finds Alertmanager.",
            ),
        },
    ),
    "Delivery": SectionTexts(
        Text("Os canais.", "The channels."),
        {
            "smtp_smarthost": Text("Servidor de e-mail.", "Mail server."),
            "smtp_from": Text("Remetente.", "Sender."),
            "smtp_username": Text(
                "Usuário no servidor de e-mail.",
                "User at the mail server.",
            ),
            "smtp_password_file": Text(
                "Arquivo com a senha, no host do Alertmanager.",
                "File with the password, on Alertmanager's host.",
            ),
            "smtp_require_tls": Text(
                "Exige TLS do servidor de e-mail.",
                "Insist on TLS of the mail server.",
            ),
            "slack_api_url_file": Text(
                "Arquivo com o webhook do Slack; sem ele ninguém é avisado ali.",
                "File with Slack's webhook; without it nobody is told there.",
            ),
            "pagerduty_url": Text(
                "Endereço que recebe eventos do PagerDuty, versão 2.",
                "Address that takes PagerDuty's events, version 2.",
            ),
            "sns_api_url": Text(
                "Endereço do SNS, se não for o da região.",
                "SNS's address, where it is not the region's own.",
            ),
            "watchdog_url": Text(
                "Vigia externo: chama alguém quando a batida cessa.",
                "Dead man's switch outside: it calls somebody when the heartbeat ceases.",
            ),
            "business_hours": Text(
                "Quando os tickets são entregues.",
                "When tickets are delivered.",
            ),
            "ticket_repeat": Text(
                "Quando um ticket é repetido.",
                "When a ticket is repeated.",
            ),
        },
    ),
    "BusinessHours": SectionTexts(
        Text(
            "O horário comercial, no fuso do inventário.",
            "Business hours, in the inventory's time zone.",
        ),
        {
            "weekdays": Text("Dias úteis.", "Working days."),
            "start": Text("Começo.", "Beginning."),
            "end": Text(
                "Fim.",
                "End.",
            ),
            "holidays": Text(
                "Dias sem atendimento.",
                "Days off.",
            ),
        },
    ),
}
