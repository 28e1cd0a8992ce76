"""What the alerts on missing data and on Vigia itself say."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import AlertTexts
from catalogue.texts.runbooks import APPROVE, REJECT

_LIST = Step(
    Text("Veja as execuções abertas:", "See the open runs:"), ("vigia remediations list --open",)
)
_READ = Step(
    Text("Ache a execução, e leia o plano e o motivo:", "Find the run, read plan and reason:"),
    ("vigia remediations list", "vigia remediations show {ID}"),
)
_ENGINE_LOG = Text(
    "Veja o log do serviço de remediação e reinicie-o se parou.",
    "See the log of the remediation service and restart it if it stopped.",
)
_FAILURES = Step(
    Text("O motivo das falhas:", "Why it fails:"),
    queries=("increase(vigia_collector_failures_total[1h]) > 0",),
)
_KEPT = Text(
    "O livro guarda todo o estado: ao voltar, o serviço observa antes de repetir qualquer chamada.",
    "The ledger keeps all state: once back, the service observes before it repeats any call.",
)

EXPORTER_DOWN = AlertTexts(
    Text(
        "Exporter fora do ar: a plataforma está sem vigilância", "Exporter is down: nobody watches"
    ),
    Text(
        "{job} não responde às coletas há {limit}.", "{job} has not answered scrapes for {limit}."
    ),
    Text(
        "Sem o exporter não há dados: a ausência de outros alertas não significa saúde.",
        "Without the exporter there are no data: the silence of other alerts does not mean health.",
    ),
    (
        Text(
            "Veja o log do exporter e reinicie-o se parou.",
            "See the exporter's log and restart it if it stopped.",
        ),
    ),
    Text(
        "Ao voltar, o exporter busca os períodos perdidos e os soma uma só vez.",
        "Once back, the exporter fetches the missed periods and adds each exactly once.",
    ),
)
COLLECTOR_FAILING = AlertTexts(
    Text("Coleta falhando", "Collection fails"),
    Text("O coletor {collector} falha há {limit}.", "Collector {collector} fails for {limit}."),
    Text(
        "Os valores deste coletor são antigos ou já sumiram; não são zero.",
        "This collector's values are old or already gone; they are not zero.",
    ),
    (
        Text(
            "Recusa (`denied`): compare as permissões com `deploy/iam/reader-policy.json`.",
            "`denied`: compare the permissions with `deploy/iam/reader-policy.json`.",
        ),
    ),
    Text(
        "O exporter tenta de novo a cada ciclo e recupera os períodos perdidos.",
        "The exporter tries again every cycle and recovers the missed periods.",
    ),
    confirm=(_FAILURES,),
)
COLLECTOR_STALE = AlertTexts(
    Text("Coleta parada", "Collection stands still"),
    Text(
        "O coletor {collector} terminou bem pela última vez há {value}.",
        "Collector {collector} last succeeded {value} ago.",
    ),
    Text(
        "O coletor não termina há mais de {turns} ciclos seus e {limit}: pode estar preso.",
        "The collector has not finished for more than {turns} of its turns and {limit}:"
        " it may hang.",
    ),
    (
        Text(
            "Veja no log do exporter o que o coletor espera; reiniciar não perde nada.",
            "See in the exporter's log what the collector waits for; a restart loses nothing.",
        ),
    ),
    confirm=(_FAILURES,),
)
DATAPOINT_MISSING = AlertTexts(
    Text("Dados da AWS pararam de chegar", "Data from AWS ceased to come"),
    Text(
        "{resource} ({collector}): o dado mais novo tem {value}; ontem eles chegavam.",
        "{resource} ({collector}): the newest datapoint is {value} old; yesterday they came.",
    ),
    Text(
        "Um recurso que ontem tinha tráfego contínuo não tem mais. A coleta em si funciona.",
        "A resource that had steady traffic yesterday has none now. Collection itself works.",
    ),
    (
        Text(
            "Veja se o recurso ainda existe e se ainda recebe tráfego.",
            "See whether the resource still exists and still gets traffic.",
        ),
    ),
)
PATTERN_NEVER_MATCHED = AlertTexts(
    Text("Palavra de log nunca encontrada", "Log word was never found"),
    Text(
        "A palavra do evento {event} nunca apareceu no log de {function}.",
        "The word of event {event} never appeared in the log of {function}.",
    ),
    Text(
        "Um zero que nunca foi outra coisa não prova saúde: talvez a palavra esteja errada.",
        "A zero that never was anything else proves no health: the word may be wrong.",
    ),
    (
        Text(
            "Compare a palavra do inventário com o que a função escreve.",
            "Compare the inventory's word with what the function writes.",
        ),
    ),
)
COVERAGE_INCOMPLETE = AlertTexts(
    Text("Parte dos recursos não é vista", "Some resources are not seen"),
    Text(
        "O coletor {collector} vê {value} dos recursos do inventário.",
        "Collector {collector} sees {value} of the inventory's resources.",
    ),
    Text(
        "Um recurso do inventário não existe mais, mudou de nome ou não pode ser lido.",
        "A resource of the inventory is gone, was renamed or cannot be read.",
    ),
    (
        Text(
            "Corrija o inventário, ou recrie o que falta.",
            "Correct the inventory, or create what is missing again.",
        ),
    ),
)
REMEDIATION_DOWN = AlertTexts(
    Text("Serviço de remediação fora do ar", "Remediation service is down"),
    Text(
        "{job} não responde às coletas há {limit}.", "{job} has not answered scrapes for {limit}."
    ),
    Text("Nenhum problema será corrigido sozinho.", "No trouble will be fixed by itself."),
    (_ENGINE_LOG,),
    _KEPT,
)
ENGINE_STUCK = AlertTexts(
    Text("Motor de remediação parado", "Remediation engine stands still"),
    Text("O motor olhou o livro há {value}.", "The engine last looked at the ledger {value} ago."),
    Text(
        "O serviço responde, mas o motor não avança: alertas são aceitos e nada é feito.",
        "The service answers, but its engine does not advance: alerts come in, nothing is done.",
    ),
    (_ENGINE_LOG, _LIST),
    _KEPT,
)
LEDGER_DOWN = AlertTexts(
    Text("Livro de remediações ilegível", "Remediation ledger cannot be read"),
    Text("O livro não pôde ser lido há {limit}.", "The ledger could not be read for {limit}."),
    Text(
        "Sem o livro nada é aceito nem feito; o Alertmanager tenta entregar de novo.",
        "Without the ledger nothing is accepted or done; Alertmanager delivers again.",
    ),
    (
        Text(
            "Veja disco e permissões do arquivo SQLite, ou o PostgreSQL.",
            "See the SQLite file's disk and permissions, or PostgreSQL.",
        ),
    ),
)
NEEDS_HUMAN = AlertTexts(
    Text("Uma remediação precisa de uma pessoa", "A remediation needs a person"),
    Text(
        "{action} em {target} terminou em {outcome}.",
        "{action} on {target} ended as {outcome}.",
    ),
    Text(
        "A ação terminou sem sucesso comprovado. O problema pode continuar.",
        "The action ended without proven success. The trouble may go on.",
    ),
    (_READ,),
    never=(
        Text(
            "Não tenta de novo sozinho durante o intervalo de espera.",
            "It does not try again by itself during the cool-down.",
        ),
    ),
)
REMEDIATION_BLOCKED = AlertTexts(
    Text("Remediação detida por uma guarda", "Remediation is held by a guard"),
    Text(
        "{action} em {target} está detida há {limit}: {reason}.",
        "{action} on {target} has been held for {limit}: {reason}.",
    ),
    Text(
        "Havia o que corrigir, mas uma guarda não deixou agir. Decida você.",
        "There was something to fix, but a guard would not let it. The decision is yours.",
    ),
    (
        _READ,
        Step(
            Text("Se não deve mais ser feita:", "If it should no longer be done:"),
            ("vigia remediations cancel {ID}",),
        ),
        Text(
            "Se deve ser feita apesar da guarda, peça a mesma ação à mão: a pessoa que pede"
            " responde por ela, e intervalo, ritmo e alcance não a detêm.",
            "If it should be done in spite of the guard, ask for the same action by hand: who asks"
            " answers for it, and cool-down, pace and reach do not hold it.",
        ),
    ),
    Text(
        "A guarda é verificada de novo até o prazo; depois a execução expira e chama uma pessoa.",
        "The guard is checked again until the deadline; then the run expires and calls a person.",
    ),
)
APPROVAL_PENDING = AlertTexts(
    Text("Remediação aguarda aprovação", "A remediation awaits approval"),
    Text("{value} execuções aguardam aprovação.", "{value} runs await approval."),
    Text(
        "O roteiro pede que uma pessoa aprove o plano antes da ação.",
        "The playbook wants a person to approve the plan before it acts.",
    ),
    (
        _READ,
        APPROVE,
        REJECT,
    ),
    Text(
        "Nada até a decisão; sem ela, o plano expira e uma pessoa é chamada.",
        "Nothing until the decision; without one the plan expires and a person is called.",
    ),
)
KILL_SWITCH_ON = AlertTexts(
    Text("Ações suspensas", "Actions are paused"),
    Text("A chave geral suspende todas as ações.", "The kill switch pauses all actions."),
    Text(
        "Alguém suspendeu as ações. Os alertas continuam; nada é corrigido sozinho.",
        "Somebody paused actions. Alerts go on; nothing is fixed by itself.",
    ),
    (
        Step(Text("Veja o que espera:", "See what waits:"), ("vigia remediations list --open",)),
        Step(Text("Quando puder:", "When it is safe:"), ("vigia remediations resume",)),
    ),
    Text(
        "Registra o que faria e espera. A chave só é solta por uma pessoa.",
        "It records what it would do and waits. Only a person releases the switch.",
    ),
)
ESCALATION_UNDELIVERED = AlertTexts(
    Text("Pedido de ajuda não entregue", "A call for help was not delivered"),
    Text(
        "{value} pedidos de ajuda não chegaram ao Alertmanager há {limit}.",
        "{value} calls for help have not reached Alertmanager for {limit}.",
    ),
    Text(
        "O serviço de remediação não consegue falar com o Alertmanager.",
        "The remediation service cannot reach Alertmanager.",
    ),
    (
        Text(
            "Veja se o Alertmanager responde no endereço do inventário.",
            "See whether Alertmanager answers at the inventory's address.",
        ),
        _LIST,
    ),
)
DELIVERIES_TRUNCATED = AlertTexts(
    Text("Alertas cortados na entrega", "Alerts were left out of a delivery"),
    Text(
        "O Alertmanager deixou de entregar {value} alertas em {window}.",
        "Alertmanager left out {value} alerts in {window}.",
    ),
    Text(
        "Uma entrega veio incompleta: algum alerta não foi avaliado.",
        "A delivery came incomplete: some alert was not considered.",
    ),
    (
        Text(
            "O receptor de remediação deve ter `max_alerts: 0`: gere a configuração de novo.",
            "The remediation receiver must have `max_alerts: 0`: generate the configuration anew.",
        ),
    ),
)
ESCALATION = AlertTexts(
    Text("Alerta sem solução foi escalado", "Unsolved alert was escalated"),
    Text(
        "{escalated} dispara há mais de {limit} sem solução.",
        "{escalated} has fired for more than {limit} and is not solved.",
    ),
    Text(
        "Um alerta urgente dispara há tempo demais: o próximo nível é avisado.",
        "An urgent alert has fired for too long: the next level is told.",
    ),
    (
        Text(
            "Fale com o nível anterior e assuma, ou silencie este alerta para reconhecê-lo.",
            "Speak with the level before and take over, or silence this alert to acknowledge it.",
        ),
        Text("Siga o roteiro do alerta escalado.", "Follow the runbook of the escalated alert."),
    ),
)
WATCHDOG = AlertTexts(
    Text(
        "Sempre ativo: prova que o caminho dos alertas funciona",
        "Always firing: alerts get through",
    ),
    Text(
        "Se este aviso parar de chegar, Prometheus ou Alertmanager parou.",
        "If this notice ceases to come, Prometheus or Alertmanager has stopped.",
    ),
    Text(
        "Um vigia externo deve chamar alguém quando este aviso falta.",
        "An external watcher should call somebody when this notice is missing.",
    ),
    (
        Text(
            "Se faltar: veja Prometheus, Alertmanager e a rede entre eles.",
            "If it is missing: see Prometheus, Alertmanager and the network between them.",
        ),
    ),
)
