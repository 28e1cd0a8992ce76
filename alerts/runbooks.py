"""Runbook pages: what an alert means, how to confirm it, who does what."""

from __future__ import annotations

from alerts.documents import HEADER
from alerts.rule import LOCALES, AlertRule, Severity
from alerts.windows import text
from catalogue.text import Locale, Text
from inventory.discover import discover
from inventory.model import Inventory
from inventory.notices import Contact
from remediations import actions
from remediations.asking import mode_of

_MEANS = Text("O que significa", "What it means")
_CONFIRM = Text("Como confirmar", "How to confirm")
_ASK = Text(
    "O alerta dispara enquanto esta consulta ao Prometheus responde algo{wait}:",
    "The alert fires while this Prometheus query answers anything{wait}:",
)
_WAIT = Text(" por {wait}", " for {wait}")
_ITSELF = Text("O que o Vigia faz sozinho", "What Vigia does by itself")
_PLAYBOOK = Text(
    "Roteiro `{name}`: ação `{action}`, modo `{mode}`.",
    "Playbook `{name}`: action `{action}`, mode `{mode}`.",
)
_HAND = Text("O que fazer à mão", "What to do by hand")
_CALL = Text("A quem chamar", "Whom to call")
_HEAD = Text(
    "Severidade `{severity}`, equipe `{team}`, nível {tier}.",
    "Severity `{severity}`, team `{team}`, tier {tier}.",
)
_CHECK = Text(
    "Na dúvida sobre o próprio Vigia: `vigia check`.",
    "When in doubt about Vigia itself: `vigia check`.",
)
_PAUSE = Text(
    "Para que nenhuma ação seja executada: `vigia remediations pause`; depois"
    " `vigia remediations resume`.",
    "To keep any action from being taken: `vigia remediations pause`; later"
    " `vigia remediations resume`.",
)


def pages(inventory: Inventory, rules: tuple[AlertRule, ...]) -> dict[str, str]:
    """Return the runbook pages by their path below the repository's root."""
    by_name: dict[str, list[AlertRule]] = {}
    for rule in rules:
        by_name.setdefault(rule.name, []).append(rule)
    return {
        f"docs/runbooks/{locale}/{name}.md": _page(inventory, tuple(same), locale)
        for locale in LOCALES
        for name, same in by_name.items()
    }


def _page(inventory: Inventory, rules: tuple[AlertRule, ...], locale: Locale) -> str:
    rule = rules[0]
    texts = rule.texts
    parts = [
        f"<!-- {HEADER} -->",
        f"# {rule.name}",
        f"**{texts.summary.in_(locale)}**",
        "\n".join(_heading(each, locale) for each in rules),
        f"## {_MEANS.in_(locale)}",
        texts.meaning.in_(locale),
        f"## {_CONFIRM.in_(locale)}",
        *(_question(each, locale) for each in rules),
        f"## {_ITSELF.in_(locale)}",
        texts.vigia.in_(locale),
        *_playbook(inventory, rule, locale),
        f"## {_HAND.in_(locale)}",
        _bullets(tuple(step.in_(locale) for step in (*texts.steps, _CHECK, _PAUSE))),
        f"## {_CALL.in_(locale)}",
        _bullets(tuple(_contact(who, contact) for who, contact in _contacts(inventory, rules))),
    ]
    return "\n\n".join(parts) + "\n"


def _heading(rule: AlertRule, locale: Locale) -> str:
    line = _HEAD.format(locale, severity=rule.severity.value, team=rule.team, tier=rule.tier)
    apart = ", ".join(f"{label} {value}" for label, value in rule.extra.items())
    return f"- {apart}: {line}" if apart else line


def _question(rule: AlertRule, locale: Locale) -> str:
    wait = _WAIT.format(locale, wait=text(rule.for_)) if rule.for_ else ""
    return f"{_ASK.format(locale, wait=wait)}\n\n```promql\n{rule.expr.text}\n```"


def _playbook(inventory: Inventory, rule: AlertRule, locale: Locale) -> list[str]:
    if rule.playbook is None:
        return []
    found = inventory.playbook(rule.playbook)
    action = discover(actions, "ACTION").get(found.action)
    # An unknown action is refused where the service starts; here there is nothing to say of it.
    mode = mode_of(found, action) if action else found.mode or "?"
    return [_PLAYBOOK.format(locale, name=found.name, action=found.action, mode=mode)]


def _bullets(lines: tuple[str, ...]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _contacts(inventory: Inventory, rules: tuple[AlertRule, ...]) -> list[tuple[str, Contact]]:
    contacts = inventory.contacts
    levels: list[tuple[str, Contact]] = [(level.team, level) for level in contacts.levels]
    if rules[0].team not in {level.team for level in contacts.levels}:
        return [("security", contacts.security), ("privacy", contacts.privacy), *levels[:1]]
    pages = any(rule.severity is Severity.PAGE for rule in rules)
    return levels if pages else levels[:1]


def _contact(who: str, contact: Contact) -> str:
    ways = (contact.email, contact.slack, contact.phone)
    return f"{who}: {', '.join(way for way in ways if way)}"
