"""What every runbook says, whatever its alert. Placeholders are values of the inventory."""

from __future__ import annotations

from dataclasses import dataclass

from catalogue.text import Step, Text

MEANS = Text("O que significa", "What it means")
CONFIRM = Text("Como confirmar", "How to confirm")
DOES = Text("O que o Vigia faz sozinho", "What Vigia does by itself")
DOES_NOT = Text("O que o Vigia não faz", "What Vigia does not do")
HAND = Text("O que fazer à mão", "What to do by hand")
UNDO = Text("Como desfazer", "How to undo")
CALL = Text("A quem chamar", "Whom to call")

HEAD = Text(
    "Severidade `{severity}`, equipe `{team}`, nível {tier}.",
    "Severity `{severity}`, team `{team}`, tier {tier}.",
)
ASK = Text(
    "O alerta dispara enquanto esta consulta ao Prometheus ({url}) responde algo{wait}:",
    "The alert fires while this query of Prometheus ({url}) answers anything{wait}:",
)
WAIT = Text(" por {wait}", " for {wait}")
HEALTH = Step(
    Text(
        "Veja a plataforma inteira em uma tabela (0: tudo bem, 1: algo mal, 3: algo desconhecido):",
        "See the whole platform as one table (0: all well, 1: something is bad, 3: not all known):",
    ),
    ("vigia health now",),
)
CHECK = Step(
    Text(
        "Na dúvida sobre o próprio Vigia: configuração, credenciais, permissões e recursos:",
        "When in doubt about Vigia itself: configuration, credentials, permissions, resources:",
    ),
    ("vigia check",),
)
CODES = Text(
    "Todo comando termina com 0 se deu certo, 1 se algo está mal ou foi recusado, 2 se foi usado"
    " errado, 3 se não alcançou o que precisava. Toda ação mostra o plano e pergunta antes de agir;"
    " com `--dry-run` só mostra.",
    "Every command ends with 0 if all went well, 1 if something is bad or was refused, 2 if it was"
    " used wrongly, 3 if it could not reach what it needed. Every action shows its plan and asks"
    " before it acts; with `--dry-run` it only shows.",
)

CAPITALS = Text("Em maiúsculas: {words}.", "In capitals: {words}.")

PLAYBOOK = Text(
    "Roteiro `{name}`: ação `{action}`, modo `{mode}`, risco `{risk}`. {does}",
    "Playbook `{name}`: action `{action}`, mode `{mode}`, risk `{risk}`. {does}",
)
MODES = {
    "auto": Text(
        "Age sem perguntar; um plano de mais de {most} chamadas espera a aprovação de uma pessoa.",
        "It acts without asking; a plan of more than {most} calls waits for a person's approval.",
    ),
    "approve": Text(
        "Planeja e espera a aprovação de uma pessoa; sem decisão em {approval}, o plano expira e"
        " uma pessoa é chamada.",
        "It plans and waits for a person's approval; without a decision within {approval} the plan"
        " expires and a person is called.",
    ),
    "shadow": Text(
        "Só registra o plano que executaria.", "It only records the plan that it would carry out."
    ),
}
HELD = Text(
    "Retido por uma guarda, olha de novo; depois de {expiry} desiste e chama uma pessoa.",
    "Held by a guard, it looks again; after {expiry} it gives up and calls a person.",
)
MEASURED = Text(
    "Depois de agir lê o estado de volta, espera {settle} e mede {samples} vezes, a cada {every};"
    " sem prova de melhora em {deadline}, chama uma pessoa.",
    "Once it has acted it reads the state back, waits {settle} and measures {samples} times, every"
    " {every}; without proof of recovery within {deadline} it calls a person.",
)
ALERT_OVER = Text(
    "Depois de agir lê o estado de volta, espera {settle} e olha {samples} vezes, a cada {every},"
    " se o alerta terminou; se em {deadline} não terminou ou não há como saber, chama uma pessoa.",
    "Once it has acted it reads the state back, waits {settle} and looks {samples} times, every"
    " {every}, whether the alert is over; if within {deadline} it is not, or nobody can tell, it"
    " calls a person.",
)
CONTAINED = Text(
    "Depois de agir lê o estado de volta e chama uma pessoa de qualquer modo: parar contém o dano"
    " e não corrige a causa.",
    "Once it has acted it reads the state back and calls a person in any case: stopping contains"
    " the harm and mends no cause.",
)
READ_BACK = Text(
    "Depois de agir lê o estado de volta; se não é o planejado, chama uma pessoa.",
    "Once it has acted it reads the state back; if that is not what was planned it calls a person.",
)

NO_PLAYBOOK = Text(
    "Nenhum roteiro do inventário atende a este alerta: ele não muda nada na AWS.",
    "No playbook of the inventory answers this alert: it changes nothing in AWS.",
)
TARGETS = Text("Não toca em nada além de: {targets}.", "It touches nothing but: {targets}.")
PACE = Text(
    "Não repete a ação no mesmo alvo antes de {cool_down}, não passa de {rate} execuções por hora,"
    " nem de {share} dos alvos de um tipo em uma hora.",
    "It does not repeat the action on the same target within {cool_down}, goes no further than"
    " {rate} runs an hour, nor than {share} of one kind of target within an hour.",
)
STOPS = Text(
    "Não age com {sick} ou mais alvos doentes ao mesmo tempo, com as ações suspensas, nem em uma"
    " janela de manutenção.",
    "It does not act while {sick} or more targets are sick at once, while actions are paused, nor"
    " in a maintenance window.",
)
EVIDENCE = Text(
    "Não age sem prova: se o alerta não pode ser confirmado, o alvo mudou desde o plano ou faltam"
    " medidas, espera e o diz.",
    "It does not act without evidence: if the alert cannot be confirmed, the target has changed"
    " since the plan or measurements are missing, it waits and says so.",
)

SEEN = Step(
    Text("Veja o que foi feito, e leia o plano:", "See what was done, and read the plan:"),
    ("vigia remediations list", "vigia remediations show {ID}"),
)
WHY = Step(
    Text("Se nada foi feito, pergunte por quê:", "If nothing was done, ask why:"),
    ("vigia remediations why {FINGERPRINT}",),
)
APPROVE = Step(
    Text("Se um plano aguarda decisão, aprove-o:", "If a plan awaits a decision, approve it:"),
    ("vigia remediations approve {ID}",),
)
REJECT = Step(Text("Ou recuse-o:", "Or refuse it:"), ("vigia remediations reject {ID}",))
SAME = Text("A mesma ação, pedida à mão:", "The same action, asked for by hand:")
PAUSE = Step(
    Text(
        "Para que nenhuma ação seja executada enquanto isso:",
        "To keep any action from being taken meanwhile:",
    ),
    ("vigia remediations pause",),
)
RESUME = Step(
    Text("Se suspendeu as ações, solte-as:", "If you paused actions, release them:"),
    ("vigia remediations resume",),
)
NOTHING_TO_UNDO = Text(
    "Nenhuma ação desta página muda a plataforma.", "No action on this page changes the platform."
)

PAGED = Text(
    "Como `page`, chama a qualquer hora, o primeiro aviso {wait} depois de disparar.",
    "As a `page` it calls at any hour, the first notice {wait} after it fires.",
)
CLIMBS = Text(
    "Sem solução em {second}, chama também {next}; em {third}, também {last}.",
    "Not solved within {second} it also calls {next}; within {third} also {last}.",
)
TICKETED = Text(
    "Como `ticket`, avisa só em horário comercial ({start} às {end}, fora feriados).",
    "As a `ticket` it tells in business hours alone ({start} to {end}, not on holidays).",
)
MUTED = Text(
    "Fica mudo enquanto dispara, no mesmo lugar: {sources}.",
    "It is mute while, of the same place, this fires: {sources}.",
)


@dataclass(frozen=True)
class Word:
    """A placeholder of commands, and where to find what stands for it.

    ``label`` is the alert's label that names it, where there is one.
    """

    word: Text
    where: Text
    label: str | None = None


FROM_LABEL = Text("é o rótulo `{label}` do alerta", "is the alert's label `{label}`")
ONE_OF = Text("é um de {names}", "is one of {names}")


def _same(word: str) -> Text:
    return Text(word, word)


_CHOICE = Text("é o que o alerta indica", "is what the alert points to")
WORDS = {
    "ID": Word(
        _same("ID"),
        Text(
            "está na primeira coluna da lista de execuções",
            "stands in the first column of the list of runs",
        ),
    ),
    "FINGERPRINT": Word(
        _same("FINGERPRINT"),
        Text(
            "é o do alerta, na resposta de `/api/v2/alerts` do Alertmanager",
            "is the alert's, in the answer of Alertmanager's `/api/v2/alerts`",
        ),
    ),
    "FUNCTION": Word(Text("FUNÇÃO", "FUNCTION"), _CHOICE, "function"),
    "ALIAS": Word(_same("ALIAS"), _CHOICE, "alias"),
    "BUCKET": Word(_same("BUCKET"), _CHOICE, "bucket"),
    "API": Word(_same("API"), _CHOICE, "api"),
    "GROUP": Word(Text("GRUPO", "GROUP"), _CHOICE),
    "FLAG": Word(_same("FLAG"), _CHOICE, "flag"),
    "RULE": Word(Text("REGRA", "RULE"), _CHOICE, "rule"),
    "EVENT": Word(Text("EVENTO", "EVENT"), _CHOICE, "event"),
    "VERSION": Word(
        Text("VERSÃO", "VERSION"),
        Text(
            "é a versão que deve atender (as que atenderam estão no painel)",
            "is the version that should serve (those that served are on the dashboard)",
        ),
    ),
    "DEPLOYMENT": Word(
        Text("IMPLANTAÇÃO", "DEPLOYMENT"),
        Text("é o id no CodeDeploy", "is its id in CodeDeploy"),
    ),
    "EXECUTION": Word(
        Text("EXECUÇÃO", "EXECUTION"),
        Text("é o ARN da execução, no Step Functions", "is the execution's ARN, in Step Functions"),
    ),
    "NAMESPACE": Word(
        _same("NAMESPACE"),
        Text("é o da métrica, no inventário", "is the metric's, in the inventory"),
    ),
    "CLASS": Word(
        Text("CLASSE", "CLASS"),
        Text("é a classe, como `db.influx.large`", "is the class, as `db.influx.large`"),
    ),
    "STORAGE": Word(
        Text("ARMAZENAMENTO", "STORAGE"),
        Text(
            "é o novo tamanho em GiB, maior do que agora", "is the new size in GiB, more than now"
        ),
    ),
    "INSTANCES": Word(
        Text("INSTÂNCIAS", "INSTANCES"),
        Text("é quantas manter prontas", "is how many to keep ready"),
    ),
    "BEFORE": Word(
        Text("ANTES", "BEFORE"),
        Text(
            "é o valor anterior, que o plano da execução mostra",
            "is the value before, which the plan of the run shows",
        ),
    ),
}
"""By the placeholder's name in ``{braces}``; those in small letters are the inventory's own."""
