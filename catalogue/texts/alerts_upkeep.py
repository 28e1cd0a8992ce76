"""What the alerts on what grows unseen say."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import AlertTexts

SERVICE_COST_JUMPED = AlertTexts(
    Text("Custo de um serviço saltou", "Cost of a service jumped"),
    Text(
        "{service} custou ontem {value} vezes a média dos sete dias antes (limite {limit} vezes,"
        " ao menos {least} dólares a mais).",
        "{service} cost yesterday {value} times the mean of the seven days before (limit {limit}"
        " times, at least {least} dollars more).",
    ),
    Text(
        "O dia fugiu do costume deste serviço: mais uso, um laço ou um recurso esquecido.",
        "The day is unlike this service's days before: more use, a loop or a forgotten resource.",
    ),
    (
        Text(
            "Veja no Cost Explorer o tipo de uso que cresceu.",
            "See in Cost Explorer which type of usage grew.",
        ),
        Text(
            "Compare com os arquivos processados: com eles, o custo é do tráfego.",
            "Compare with the files processed: if they grew too, it is the traffic's cost.",
        ),
    ),
)
LOGS_WITHOUT_RETENTION = AlertTexts(
    Text("Grupos de log sem retenção", "Log groups without retention"),
    Text(
        "{account}, {region}: {value} grupos de log guardam tudo para sempre.",
        "{account}, {region}: {value} log groups keep everything for ever.",
    ),
    Text(
        "O armazenamento desses grupos só cresce, e é cobrado.",
        "These groups' storage only grows, and is charged for.",
    ),
    (
        Step(
            Text(
                "Defina a retenção dos grupos das funções; o que for mais velho é apagado:",
                "Set the retention of the functions' groups; what is older is deleted:",
            ),
            ("vigia act set_log_retention --target {GROUP} --param days=30",),
        ),
        Text(
            "Grupos que o inventário não nomeia o Vigia não muda: defina a deles na AWS.",
            "Vigia does not change groups that the inventory does not name: set theirs in AWS.",
        ),
    ),
)
