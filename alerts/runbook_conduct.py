"""What Vigia does about an alert by itself, what it does not, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterator

from alerts.inhibition import INHIBITIONS
from alerts.rule import AlertRule, Severity
from alerts.windows import text
from catalogue.text import Locale
from catalogue.texts import runbooks as texts
from catalogue.texts.actions import ACTIONS
from inventory.model import Inventory, Playbook
from inventory.notices import Contact
from remediations.action import Action, by_alert
from remediations.asking import mode_of


def does(inventory: Inventory, book: Playbook, action: Action, locale: Locale) -> Iterator[str]:
    """Yield how the playbook's action is taken."""
    engine, mode = inventory.engine, mode_of(book, action)
    yield texts.PLAYBOOK.format(
        locale,
        name=book.name,
        action=action.name,
        mode=mode,
        risk=action.risk.value,
        does=ACTIONS[action.name].does.in_(locale),
    )
    yield texts.MODES[mode].format(
        locale, approval=text(engine.approval_expiry), most=engine.most_calls_per_run
    )
    if mode == "shadow":
        return
    yield texts.HELD.format(locale, expiry=text(engine.block_expiry))
    if action.contains:
        yield texts.CONTAINED.in_(locale)
    elif action.measured:
        measured = texts.ALERT_OVER if action.measured_for is by_alert else texts.MEASURED
        yield measured.format(
            locale,
            settle=text(engine.settle),
            samples=engine.verify_samples,
            every=text(engine.sample_every),
            deadline=text(action.patience or engine.verify_deadline),
        )
    else:
        yield texts.READ_BACK.in_(locale)


def does_not(
    inventory: Inventory, rule: AlertRule, book: Playbook | None, locale: Locale
) -> Iterator[str]:
    """Yield what is never done because of the alert."""
    engine = inventory.engine
    if book is None:
        yield texts.NO_PLAYBOOK.in_(locale)
    else:
        targets = ", ".join(f"`{target}`" for target in book.targets)
        yield texts.TARGETS.format(locale, targets=targets)
    yield from (never.in_(locale) for never in rule.texts.never)
    if book is not None:
        yield texts.PACE.format(
            locale,
            cool_down=text(engine.cool_down),
            rate=engine.runs_per_hour,
            share=f"{engine.max_share:.0%}",
        )
        yield texts.STOPS.format(locale, sick=engine.storm.sick)
        yield texts.EVIDENCE.in_(locale)


def heard(inventory: Inventory, rules: tuple[AlertRule, ...], locale: Locale) -> Iterator[str]:
    """Yield when people hear of the alert."""
    alerting, levels = inventory.alerting, inventory.contacts.levels
    severities = {rule.severity for rule in rules}
    if Severity.PAGE in severities:
        yield texts.PAGED.format(locale, wait=text(alerting.group_wait))
    if Severity.PAGE in severities and rules[0].tier == 1:
        yield texts.CLIMBS.format(
            locale,
            second=text(alerting.escalate_after),
            next=levels[1].team,
            third=text(2 * alerting.escalate_after),
            last=levels[2].team,
        )
    if Severity.TICKET in severities:
        hours = alerting.business_hours
        yield texts.TICKETED.format(locale, start=hours.start, end=hours.end)
    muting = [f"`{one.source}`" for one in INHIBITIONS if rules[0].name in one.targets]
    if muting:
        yield texts.MUTED.format(locale, sources=", ".join(dict.fromkeys(muting)))


def contacts(inventory: Inventory, rules: tuple[AlertRule, ...]) -> Iterator[str]:
    """Yield whom to call, the first first."""
    found = inventory.contacts
    levels: list[tuple[str, Contact]] = [(level.team, level) for level in found.levels]
    pages = any(rule.severity is Severity.PAGE for rule in rules)
    if rules[0].team not in {level.team for level in found.levels}:
        levels = [("security", found.security), ("privacy", found.privacy), *levels[:1]]
    elif not pages:
        levels = levels[:1]
    for who, contact in levels:
        ways = (contact.email, contact.slack, contact.phone)
        yield f"{who}: {', '.join(way for way in ways if way)}"
