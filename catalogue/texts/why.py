"""Why an alert was or was not acted on, in sentences."""

from __future__ import annotations

from catalogue.text import Text

TITLE = Text("Por que agiu ou não agiu?", "Why did it act, or not?")
NEVER = Text("Nenhum alerta assim foi entregue.", "No such alert was ever delivered.")
LABELS = Text("O alerta", "The alert")
DELIVERIES = Text("Entregas, a mais nova primeiro", "Deliveries, newest first")
MORE = Text("e outras {count}, mais antigas", "and {count} more, older")
BLOCKS = Text("Detida por guardas", "Held by guards")
PLAN = Text("Plano", "Plan")
COLUMNS = (
    Text("Quando (UTC)", "When (UTC)"),
    Text("Estado do alerta", "Alert's state"),
    Text("O que se decidiu", "What was decided"),
    Text("Execução", "Run"),
)

# Of a delivery: by decision. {rule} is the alert and the playbook that it names.
DECISIONS = {
    "accepted": Text(
        "Aceito ({rule}): abriu a execução {run}.", "Accepted ({rule}): opened {run}."
    ),
    "duplicate": Text("Repetido ({rule}): {reason}.", "Duplicate ({rule}): {reason}."),
    "suppressed": Text("Sem ação ({rule}): {reason}.", "No action ({rule}): {reason}."),
    "refused": Text("Recusado ({rule}): {reason}.", "Refused ({rule}): {reason}."),
}
RESOLVED = Text(
    "O alerta terminou ({rule}); execuções que ainda não agiram foram encerradas.",
    "The alert has resolved ({rule}); runs that had not acted yet were ended.",
)
RULE = Text("alerta {alert}, playbook {playbook}", "alert {alert}, playbook {playbook}")
NO_PLAYBOOK = Text("nenhum", "none")
NO_REASON = Text("sem outro motivo", "for no further reason")
BY_HAND = Text("Uma pessoa pediu esta execução.", "A person asked for this run.")

# Of a run: where it stands, or how it ended.
RUN = Text("{action} em {target}: {standing}.", "{action} on {target}: {standing}.")
RUN_BECAUSE = Text(
    "{action} em {target}: {standing}; {reason}.", "{action} on {target}: {standing}; {reason}."
)
STATES = {
    "blocked": Text("detida, nada foi alterado desde então", "held, nothing was changed since"),
    "awaiting_approval": Text("o plano aguarda aprovação", "its plan awaits approval"),
    "ready": Text("na fila, ainda não agiu", "queued, it has not acted yet"),
    "running": Text("agindo", "acting"),
    "verifying": Text("agiu e confere o resultado", "it acted and checks the result"),
    "undoing": Text("desfazendo o que fez", "undoing what it did"),
}
OUTCOMES = {
    "succeeded": Text("agiu e resolveu", "it acted and helped"),
    "ineffective": Text("agiu e não resolveu", "it acted and did not help"),
    "inconclusive": Text("não há como saber se resolveu", "whether it helped cannot be known"),
    "failed": Text("falhou", "it failed"),
    "undone": Text("agiu, piorou e foi desfeita", "it acted, made it worse and was undone"),
    "undo_failed": Text(
        "agiu, piorou e não pôde ser desfeita", "it acted, made it worse and could not be undone"
    ),
    "rejected": Text("uma pessoa recusou o plano", "a person refused its plan"),
    "expired": Text("expirou sem agir", "it expired without acting"),
    "cancelled": Text("encerrada sem agir", "it ended without acting"),
}
