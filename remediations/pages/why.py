"""Sentences that say why: of a delivery what was decided, of a run where it stands or how it ended.

Every decision, state and outcome has one; labels of alerts are quoted, never interpreted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from catalogue.text import Locale
from catalogue.texts import why as texts
from catalogue.texts.remediations import REASONS
from remediations.model import Decision, Run

_SHOWN = 100
_REPEATED = "delivered_before"


def reason_text(reason: str | None, locale: Locale) -> str | None:
    """Return a reason as a sentence."""
    if reason is None:
        return None
    text = REASONS.get(reason)
    return text.in_(locale) if text else reason


def delivery_text(row: Mapping[str, Any], locale: Locale) -> str:
    """Return what was decided on a delivery, by which rule and why; ``row`` is of the ledger."""
    labels: Mapping[str, str] = row["labels"]
    playbook = labels.get("remediation", "")[:_SHOWN] or texts.NO_PLAYBOOK.in_(locale)
    rule = texts.RULE.format(
        locale, alert=labels.get("alertname", "")[:_SHOWN] or "?", playbook=playbook
    )
    if row["decision"] == Decision.ACCEPTED and row["run_id"] is None:
        return texts.RESOLVED.format(locale, rule=rule)
    reason = reason_text(row["reason"], locale) or texts.NO_REASON.in_(locale)
    if row["detail"]:
        reason = f"{reason} ({row['detail']})"
    values = {"rule": rule, "run": row["run_id"] or "?", "reason": reason}
    return texts.DECISIONS[row["decision"]].format(locale, **values)


def standing(run: Run, locale: Locale) -> str:
    """Return where a run stands or how it ended, without its reason."""
    found = texts.OUTCOMES[run.outcome] if run.outcome else texts.STATES[run.state]
    return found.in_(locale)


def run_text(run: Run, locale: Locale) -> str:
    """Return where a run stands or how it ended, and why."""
    values = {"action": run.action, "target": run.target, "standing": standing(run, locale)}
    reason = reason_text(run.reason, locale)
    if reason is None:
        return texts.RUN.format(locale, **values)
    if run.detail:
        reason = f"{reason} ({run.detail})"
    return texts.RUN_BECAUSE.format(locale, reason=reason, **values)


def blocks(history: Iterable[Mapping[str, Any]], locale: Locale) -> list[dict[str, Any]]:
    """Return every guard that held a run, and when, from the run's audit rows."""
    return [
        {
            "at": row["at"],
            "reason": row["reason"],
            "reason_text": reason_text(row["reason"], locale),
            "detail": row["detail"],
        }
        for row in history
        if row["kind"] == "blocked"
    ]


def answer(
    deliveries: Iterable[Mapping[str, Any]], runs: Iterable[Run], locale: Locale
) -> list[str]:
    """Return the answer in sentences: the newest delivery's decision, and how each run fared.

    What was delivered before says nothing new, unless nothing else is left.
    """
    every = list(deliveries)
    first = [row for row in every if row["reason"] != _REPEATED]
    newest = [delivery_text(row, locale) for row in (first or every)[-1:]]
    return [*(newest or [texts.BY_HAND.in_(locale)]), *(run_text(run, locale) for run in runs)]
