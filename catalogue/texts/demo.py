"""What the demo prints."""

from __future__ import annotations

from catalogue.text import Text

STARTING = Text("Iniciando {name}", "Starting {name}")
READY = Text(
    "Tudo no ar. Ctrl-C encerra, sem deixar nada rodando.",
    "Everything is up. Ctrl-C ends it and leaves nothing running.",
)
PLATFORM = Text(
    "Plataforma no ar: AWS em {aws}, InfluxDB em {influxdb}. Ctrl-C encerra.",
    "The platform is up: AWS at {aws}, InfluxDB at {influxdb}. Ctrl-C ends it.",
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
YES = Text("sim", "yes")
NO = Text("não", "no")
ON = Text("ligada", "on")
OFF = Text("desligada", "off")
STEP = Text("Roteiro de {name}: {what}", "Script of {name}: {what}")
FAULT_ON = Text("falha {kind}", "fault {kind}")
FAULT_OFF = Text("fim de {kind}", "end of {kind}")
PERSON = Text("uma pessoa: {does}", "a person: {does}")
VERDICT = Text("Veredito de {name}: {description}", "Verdict on {name}: {description}")
AS_EXPECTED = Text(
    "Como um operador experiente faria, e nada além disso, em {seconds:.0f} s.",
    "As an expert operator would have done, and nothing else, within {seconds:.0f} s.",
)
NOT_AS_EXPECTED = Text(
    "Não terminou como devia em {seconds:.0f} s: {missing} de {all} esperados não se confirmaram.",
    "It did not end as it should within {seconds:.0f} s: {missing} of {all} expected are not met.",
)
EXPECT_SCRIPT = Text("o roteiro foi até o fim", "the script was played to its end")
EXPECT_ALERT = Text("{alert} disparou ({target})", "{alert} fired ({target})")
EXPECT_PAGE = Text("{receiver} foi avisado de {alert}", "{receiver} was told of {alert}")
EXPECT_PAGES = Text(
    "{receiver} foi avisado de {alert} exatamente {times} vez(es)",
    "{receiver} was told of {alert} exactly {times} time(s)",
)
EXPECT_RUN = Text("{action} em {target}: {ends}", "{action} on {target}: {ends}")
EXPECT_RUN_REASON = Text(
    "{action} em {target}: {ends} ({reason})", "{action} on {target}: {ends} ({reason})"
)
EXPECT_THROUGH = Text(
    "{action} em {target} passou por: {reasons}", "{action} on {target} went through: {reasons}"
)
EXPECT_PLAN = Text(
    "o plano de {action} em {target} diz: {line}", "the plan of {action} on {target} says: {line}"
)
EXPECT_ACTED = Text(
    "{action} em {target} agiu em até {limit:.0f} s da falha",
    "{action} on {target} acted within {limit:.0f} s of the failure",
)
EXPECT_ENDED = Text(
    "{action} em {target} encerrou em até {limit:.0f} s da falha",
    "{action} on {target} ended within {limit:.0f} s of the failure",
)
EXPECT_IN_TURN = Text(
    "uma ação por vez, na ordem esperada", "one action at a time, in the expected order"
)
EXPECT_NO_OTHER_RUN = Text(
    "nenhuma outra remediação foi aberta (achadas: {found})",
    "no other remediation was opened (found: {found})",
)
EXPECT_NO_OTHER_CALL = Text(
    "ninguém foi chamado por outro motivo (chamados: {found})",
    "nobody was called for another reason (called: {found})",
)
EXPECT_WRITES = Text(
    "só as alterações esperadas chegaram à AWS (chegaram: {found})",
    "only the expected changes reached AWS (there were: {found})",
)
EXPECT_NOT_BY_SILENCE = Text(
    "nada foi dado por certo enquanto não se podia saber",
    "nothing was taken for granted while nobody could know",
)
EXPECT_ALIAS = Text(
    "o alias de {target} serve só a versão {version} (serve: {found})",
    "the alias of {target} serves version {version} alone (it serves: {found})",
)
EXPECT_FLAG = Text("a flag {flag} está {state}", "the flag {flag} is {state}")
EXPECT_RULE = Text("a regra {rule} está {state}", "the rule {rule} is {state}")
EXPECT_DEPLOYMENTS = Text(
    "implantações de {target}: {wanted} (há: {found})",
    "deployments of {target}: {wanted} (there are: {found})",
)
EXPECT_STORAGE = Text(
    "o InfluxDB tem {wanted} GiB (tem: {found})", "InfluxDB has {wanted} GiB (it has: {found})"
)
EXPECT_REDRIVEN = Text(
    "as execuções paradas foram retomadas ({count})",
    "the stopped executions were taken up again ({count})",
)
EXPECT_ABORTED = Text("as execuções paradas seguem paradas ({count})", "stopped stay so ({count})")
EXPECT_SNAPSHOT = Text(
    "há um snapshot inteiro de {bucket}", "there is a whole snapshot of {bucket}"
)
EXPECT_OTHERWISE = Text(
    "tudo o mais na AWS está como antes (mudou: {found})",
    "everything else in AWS is as before (changed: {found})",
)
