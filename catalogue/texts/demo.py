"""What the demo prints."""

from __future__ import annotations

from catalogue.text import Text

STARTING = Text("Iniciando {name}", "Starting {name}")
READY = Text(
    "Tudo no ar. Ctrl-C encerra, sem deixar nada rodando.",
    "Everything is up. Ctrl-C ends it and leaves nothing running.",
)
WARMING = Text(
    "Aguardando histórico saudável para comparar", "Waiting for healthy history to compare with"
)
INJECTED = Text("Falha injetada: {name}: {description}", "Fault injected: {name}: {description}")
CLEARED = Text("Falha removida: {name}", "Fault cleared: {name}")
FIRST_FAILURE = Text(
    "Primeira falha causada por ela, em {target}", "First failure that it caused, in {target}"
)
ALERT_PENDING = Text(
    "Prometheus: {alert} pendente ({target})", "Prometheus: {alert} pending ({target})"
)
ALERT_FIRING = Text(
    "Prometheus: {alert} disparou ({target})", "Prometheus: {alert} firing ({target})"
)
ALERT_RESOLVED = Text(
    "Prometheus: {alert} voltou ao normal ({target})", "Prometheus: {alert} resolved ({target})"
)
PAGED = Text("Alertmanager: avisou {receiver}: {alert}", "Alertmanager: told {receiver}: {alert}")
RUN_OPENED = Text(
    "Remediação {run}: {action} em {target} aberta",
    "Remediation {run}: {action} on {target} opened",
)
RUN_STATE = Text("Remediação {run}: {state}", "Remediation {run}: {state}")
RUN_REASON = Text("Remediação {run}: {state}: {reason}", "Remediation {run}: {state}: {reason}")
ALIAS_MOVED = Text(
    "AWS: alias de {target} agora serve a versão {version}",
    "AWS: the alias of {target} now serves version {version}",
)
LOOP_CLOSED = Text(
    "Laço fechado: corrigido em {acted:.0f} s e verificado em {verified:.0f} s desde a falha.",
    "Loop closed: fixed in {acted:.0f} s, verified in {verified:.0f} s after the first failure.",
)
PAGED_ONLY = Text(
    "Como devia: {alert} avisou as pessoas em {paged:.0f} s e nada foi alterado.",
    "As it should: {alert} told people within {paged:.0f} s and nothing was changed.",
)
NOT_CLOSED = Text(
    "O laço não fechou em {seconds:.0f} s: {missing}",
    "The loop did not close within {seconds:.0f} s: {missing}",
)
MISSING_ALERT = Text("{alert} não disparou", "{alert} did not fire")
MISSING_PAGE = Text("ninguém foi avisado de {alert}", "nobody was told of {alert}")
MISSING_OUTCOME = Text("{action} não terminou em {outcome}", "{action} did not end as {outcome}")
UNEXPECTED_RUN = Text("uma ação foi aberta sem motivo: {action}", "an action was opened: {action}")
