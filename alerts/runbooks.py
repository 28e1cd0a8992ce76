"""Runbook pages: what an alert means, how to confirm it, who does what and how to undo it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alerts import runbook_conduct as conduct
from alerts.documents import HEADER
from alerts.rule import LOCALES, AlertRule
from alerts.runbook_words import Writer, acts_of
from alerts.windows import text
from catalogue.text import Locale, Step, Text
from catalogue.texts import runbooks as texts
from catalogue.texts.actions import ACTIONS
from inventory.discover import discover
from inventory.model import Inventory, Playbook
from remediations import actions


def pages(inventory: Inventory, rules: tuple[AlertRule, ...]) -> dict[str, str]:
    """Return the runbook pages by their path below the repository's root."""
    by_name: dict[str, list[AlertRule]] = {}
    for rule in rules:
        by_name.setdefault(rule.name, []).append(rule)
    known = discover(actions, "ACTION")
    return {
        f"docs/runbooks/{locale}/{name}.md": _page(
            Writer(inventory, same[0], known, locale), tuple(same)
        )
        for locale in LOCALES
        for name, same in by_name.items()
    }


def _page(writer: Writer, rules: tuple[AlertRule, ...]) -> str:
    inventory, rule, locale = writer.inventory, writer.rule, writer.locale
    book = None if rule.playbook is None else inventory.playbook(rule.playbook)
    # An unknown action is refused where the service starts; here there is nothing to say of it.
    action = None if book is None else writer.actions.get(book.action)
    by_hand = (*_by_hand(writer, book if action else None), texts.CHECK, texts.PAUSE)
    undo = (*_undo(rule, acts_of(by_hand)), texts.RESUME)
    does = [] if book is None or action is None else conduct.does(inventory, book, action, locale)
    parts = [
        f"<!-- {HEADER} -->",
        f"# {rule.name}",
        f"**{rule.texts.summary.in_(locale)}**",
        "\n".join(_heading(each, locale) for each in rules),
        f"## {texts.MEANS.in_(locale)}",
        rule.texts.meaning.format(locale, **rule.values),
        f"## {texts.CONFIRM.in_(locale)}",
        *(_question(inventory, each, locale) for each in rules),
        writer.steps((*rule.texts.confirm, texts.HEALTH)),
        f"## {texts.DOES.in_(locale)}",
        rule.texts.vigia.in_(locale),
        _bullets(does),
        f"## {texts.DOES_NOT.in_(locale)}",
        _bullets(conduct.does_not(inventory, rule, book, locale)),
        f"## {texts.HAND.in_(locale)}",
        texts.CODES.in_(locale),
        writer.legend((*rule.texts.confirm, *by_hand, *undo)),
        writer.steps(by_hand),
        f"## {texts.UNDO.in_(locale)}",
        writer.steps(undo),
        f"## {texts.CALL.in_(locale)}",
        " ".join(conduct.heard(inventory, rules, locale)),
        _bullets(conduct.contacts(inventory, rules)),
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _by_hand(writer: Writer, book: Playbook | None) -> Iterator[Text | Step]:
    if book is not None:
        yield from (texts.SEEN, texts.WHY, texts.APPROVE, texts.REJECT, writer.same(book))
    yield from writer.rule.texts.steps


def _undo(rule: AlertRule, acts: tuple[str, ...]) -> Iterator[Text | Step]:
    shown: set[tuple[str, ...]] = {()}
    for name in acts:
        known = ACTIONS[name]
        says = Text(f"`{name}`: {known.undo.pt}", f"`{name}`: {known.undo.en}")
        yield says if known.back in shown else Step(says, known.back)
        shown.add(known.back)
    yield from rule.texts.undo
    if not acts and not rule.texts.undo:
        yield texts.NOTHING_TO_UNDO


def _heading(rule: AlertRule, locale: Locale) -> str:
    line = texts.HEAD.format(locale, severity=rule.severity.value, team=rule.team, tier=rule.tier)
    apart = ", ".join(f"{label} {value}" for label, value in rule.extra.items())
    return f"- {apart}: {line}" if apart else line


def _question(inventory: Inventory, rule: AlertRule, locale: Locale) -> str:
    wait = texts.WAIT.format(locale, wait=text(rule.for_)) if rule.for_ else ""
    asked = texts.ASK.format(locale, wait=wait, url=inventory.alerting.prometheus_url)
    return f"{asked}\n\n```promql\n{rule.expr.text}\n```"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
