"""What a maintenance window tells users and operators."""

from __future__ import annotations

from collections.abc import Mapping

from catalogue.text import Text

SUBJECT = Text("Manutenção programada", "Scheduled maintenance")
BEGINS = Text(
    "Manutenção programada até {until}: {reason}\nA API pode ficar temporariamente indisponível.",
    "Scheduled maintenance until {until}: {reason}\nThe API may be unavailable for some time.",
)
ENDS = Text(
    "A manutenção programada terminou: {reason}", "The scheduled maintenance is over: {reason}"
)
PARTS: Mapping[str, Text] = {
    "engine": Text("ações automáticas detidas", "automatic actions held"),
    "notice": Text("aviso aos usuários", "notice to users"),
    "silence": Text("alertas silenciados", "alerts silenced"),
    "prolong": Text("janela prolongada", "window prolonged"),
    "flag": Text("modo de manutenção ligado", "maintenance mode on"),
    "backup": Text("cópia de segurança", "backup"),
    "flag_off": Text("modo de manutenção desligado", "maintenance mode off"),
    "unsilence": Text("alertas soam de novo", "alerts sound again"),
    "release": Text("ações automáticas de novo", "automatic actions again"),
    "notice_end": Text("aviso do fim", "notice of the end"),
}
PROGRESS: Mapping[str, Text] = {
    "pending": Text("a fazer", "to do"),
    "running": Text("em curso", "under way"),
    "done": Text("feito", "done"),
    "failed": Text("FALHOU", "FAILED"),
    "skipped": Text("não foi preciso", "not needed"),
}
PHASES: Mapping[str, Text] = {
    "none": Text("nenhuma janela de manutenção", "no maintenance window"),
    "beginning": Text("começando", "beginning"),
    "active": Text("em manutenção", "under maintenance"),
    "stuck": Text(
        "o começo parou no meio: rode `vigia maintenance end`",
        "the beginning stopped half-way: run `vigia maintenance end`",
    ),
    "ran_out": Text(
        "o prazo acabou; o que ficou ligado se desfaz com `vigia maintenance end`",
        "its time ran out; what was left on is undone by `vigia maintenance end`",
    ),
    "ending": Text("terminando", "ending"),
    "unended": Text(
        "o fim parou no meio: rode `vigia maintenance end` outra vez",
        "the end stopped half-way: run `vigia maintenance end` again",
    ),
    "ended": Text("terminada", "over"),
}
COLUMNS: Mapping[str, Text] = {
    "step": Text("passo", "step"),
    "target": Text("alvo", "target"),
    "progress": Text("estado", "state"),
    "run": Text("execução", "run"),
    "detail": Text("detalhe", "detail"),
}
STATUS = Text(
    "{phase}; por {by} desde {since}, até {until}: {reason}",
    "{phase}; by {by} since {since}, until {until}: {reason}",
)
SILENCES = Text("silêncios nossos em vigor: {count}", "silences of ours in force: {count}")
SILENCES_UNKNOWN = Text(
    "silêncios nossos: o Alertmanager não responde", "silences of ours: Alertmanager is away"
)
