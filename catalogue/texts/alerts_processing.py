"""What the alerts on EventBridge rules and executions say."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import RUNS, AlertTexts

_HISTORY = Text(
    "Abra a execução no console do Step Functions: o histórico diz em que estado parou.",
    "Open the execution in Step Functions' console: its history says in which state it stopped.",
)
_QUOTAS = Text(
    "Compare o ritmo com as cotas da conta no Service Quotas.",
    "Compare the pace with the account's quotas in Service Quotas.",
)

RULE_DISABLED = AlertTexts(
    Text("Regra do EventBridge desabilitada", "EventBridge rule is disabled"),
    Text("{rule} está desabilitada há {limit}.", "{rule} has been disabled for {limit}."),
    Text(
        "Arquivos novos não iniciam o processamento: acumulam-se no bucket de entrada.",
        "New files start no processing: they pile up in the raw bucket.",
    ),
    (
        RUNS,
        Step(
            Text(
                "Se foi uma ação do Vigia e a causa está corrigida, retome:",
                "If it was an action of Vigia and the cause is fixed, go on:",
            ),
            ("vigia act resume_processing",),
        ),
        Step(
            Text(
                "Se outra pessoa a desabilitou, sem querer, habilite-a; o Vigia só retoma o que"
                " ele mesmo suspendeu:",
                "If somebody else disabled it, and not on purpose, enable it; Vigia only takes up"
                " what it paused itself:",
            ),
            ("aws events enable-rule --name {RULE}",),
        ),
    ),
    undo=(
        Step(
            Text("Desabilite a regra de novo:", "Disable the rule again:"),
            ("aws events disable-rule --name {RULE}",),
        ),
    ),
)
RULE_WITHOUT_TARGETS = AlertTexts(
    Text("Regra do EventBridge sem alvo", "EventBridge rule has no target"),
    Text("{rule} não inicia alvo algum há {limit}.", "{rule} has had no target for {limit}."),
    Text(
        "A regra está lá e não faz nada: cada evento que a aciona se perde.",
        "The rule is there and does nothing: every event that triggers it is lost.",
    ),
    (
        Text(
            "Compare os alvos com o Terraform e aplique-o de novo.",
            "Compare its targets with Terraform's and apply it again.",
        ),
    ),
)
RULE_INVOCATIONS_FAILED = AlertTexts(
    Text("Regra do EventBridge não iniciou o alvo", "EventBridge rule could not start its target"),
    Text(
        "{rule}: {value} inícios falharam em {window}.",
        "{rule}: {value} starts failed in {window}.",
    ),
    Text(
        "O alvo não existe, recusou ou a regra não tem permissão: esses eventos não foram"
        " processados.",
        "The target is gone, refused, or the rule lacks permission: those events were not"
        " processed.",
    ),
    (
        Text(
            "Confira o papel da regra e se o alvo existe.",
            "Look at the rule's role and whether the target exists.",
        ),
        Text(
            "Envie de novo os arquivos desse período.",
            "Send the files of that time again.",
        ),
    ),
)
RULE_THROTTLED = AlertTexts(
    Text("Regra do EventBridge limitada", "EventBridge rule is throttled"),
    Text(
        "{rule}: {value} acionamentos retidos em {window}.",
        "{rule}: {value} executions were throttled in {window}.",
    ),
    Text(
        "Chegam mais eventos do que a conta pode iniciar: o processamento atrasa.",
        "More events come than the account may start: processing falls behind.",
    ),
    (_QUOTAS,),
)
EXECUTIONS_FAILED = AlertTexts(
    Text("Execuções falharam", "Executions failed"),
    Text(
        "{state_machine}: {value} execuções terminaram em {outcome} em {window}.",
        "{state_machine}: {value} executions ended as {outcome} in {window}.",
    ),
    Text(
        "Ao menos um arquivo não chegou ao fim do processamento.",
        "At least one file did not reach the end of processing.",
    ),
    (
        _HISTORY,
        Text(
            "Corrigida a causa, inicie a execução de novo com a mesma entrada.",
            "Once the cause is fixed, start the execution again with the same input.",
        ),
    ),
)
EXECUTIONS_THROTTLED = AlertTexts(
    Text("Execuções limitadas", "Executions are throttled"),
    Text(
        "{state_machine}: {value} transições retidas em {window}.",
        "{state_machine}: {value} transitions were throttled in {window}.",
    ),
    Text(
        "As execuções andam mais devagar do que poderiam.",
        "Executions advance more slowly than they could.",
    ),
    (_QUOTAS,),
)
EXECUTION_RUNNING_LONG = AlertTexts(
    Text("Execução longa demais", "Execution runs too long"),
    Text(
        "{state_machine}: uma execução corre há {value} (limite {limit}).",
        "{state_machine}: an execution has been running for {value} (limit {limit}).",
    ),
    Text(
        "A execução está presa ou o arquivo é muito maior do que os outros.",
        "The execution hangs or its file is far larger than others.",
    ),
    (
        _HISTORY,
        Step(
            Text(
                "Se está presa, pare-a; o Vigia só para todas juntas:",
                "If it hangs, stop it; Vigia only stops all of them together:",
            ),
            ("aws stepfunctions stop-execution --execution-arn {EXECUTION}",),
        ),
    ),
    undo=(
        Step(
            Text("Retome a execução de onde parou:", "Take the execution up where it was:"),
            ("aws stepfunctions redrive-execution --execution-arn {EXECUTION}",),
        ),
    ),
)
