"""The remediation service's console."""

from __future__ import annotations

from catalogue.text import Text

TITLE = Text("Vigia: remediações", "Vigia: remediations")
PAUSED = Text("As ações estão suspensas.", "Actions are paused.")
ACTING = Text("As ações estão habilitadas.", "Actions are enabled.")
NO_RUNS = Text("Nenhuma execução até agora.", "No runs so far.")
RUNS = Text("Execuções, a mais nova primeiro", "Runs, newest first")
LEDGER_AWAY = Text("o livro não responde", "the ledger does not answer")
COLUMNS = (
    Text("Aberta (UTC)", "Opened (UTC)"),
    Text("Execução", "Run"),
    Text("Alerta", "Alert"),
    Text("Ação", "Action"),
    Text("Estado", "State"),
    Text("Motivo", "Reason"),
    Text("Plano", "Plan"),
)
