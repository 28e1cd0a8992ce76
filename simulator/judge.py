"""Whether a scenario ended as it should, judged from the outside: by what the services and AWS say.

Several scenarios may share a world at once: what one expects is not held against another, but a
run, a page or a change that none expects is held against all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from catalogue.text import Locale, Text
from catalogue.texts import demo as texts
from simulator.aws.front import Seen
from simulator.expect import ExpectedPage, ExpectedRun, Symptom
from simulator.faults import Ground
from simulator.faults.outages import CALLERS
from simulator.judge_world import world
from simulator.observe import Look, Observer
from simulator.script import Performance
from simulator.sink import Page

_PAGE, _FIRST_LEVEL, _ESCALATION = "page", "operations-page", "EscalationTier"
_ABOUT = (
    *("function", "objective", "api", "bucket", "instance_id", "collector"),
    *("action", "target", "outcome", "reason"),
)
_READ = re.compile(
    r"^(Get|List|Describe|BatchGet|Head|Lookup|Filter|Simulate|StartConfigurationSession|AssumeRole)"
)
_BY_HAND = "by_hand"


@dataclass(frozen=True)
class Finding:
    """One expectation, and whether it is met; a ``hopeless`` one cannot be met any more."""

    text: str
    met: bool
    hopeless: bool = False


@dataclass
class Judge:
    """Judges ``performances`` that began together."""

    performances: Sequence[Performance]
    observer: Observer
    ground: Ground
    locale: Locale
    _details: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)

    @property
    def since(self) -> float:
        """When the first of them began (unix seconds)."""
        return min(performance.since for performance in self.performances)

    def findings(self, performance: Performance, look: Look) -> list[Finding]:
        """Return every expectation of one of them."""
        return [
            self._say(texts.EXPECT_SCRIPT, performance.is_over),
            *self._alerts(performance),
            *self._pages(performance, look),
            *self._runs(performance, look),
            *self._nothing_else(look),
            *(
                Finding(text.format(self.locale, **values), met)
                for text, values, met in world(self, performance, look)
            ),
        ]

    def _say(self, text: Text, met: bool, *, hopeless: bool = False, **values: Any) -> Finding:  # noqa: FBT001 one fact
        return Finding(text.format(self.locale, **values), met, hopeless and not met)

    def _alerts(self, performance: Performance) -> Iterator[Finding]:
        for one in performance.scenario.expect.alerts:
            met = (one.alert, one.target) in performance.fired
            yield self._say(texts.EXPECT_ALERT, met, alert=one.alert, target=one.target)

    def _pages(self, performance: Performance, look: Look) -> Iterator[Finding]:
        for one in performance.scenario.expect.pages:
            if one.optional:
                continue
            heard = {page.message for page in self._heard(look) if _matches(one, page)}
            about = ", ".join(part for part in (one.target, one.reason) if part)
            yield self._say(
                texts.EXPECT_PAGE if one.times is None else texts.EXPECT_PAGES,
                len(heard) == one.times if one.times is not None else bool(heard),
                hopeless=one.times is not None and len(heard) > one.times,
                receiver=one.receiver,
                alert=one.alert + (f" ({about})" if about else ""),
                times=one.times,
            )

    def _heard(self, look: Look) -> Iterator[Page]:
        for page in look.pages:
            if page.status == "firing" and page.starts_at >= self.since:
                yield page

    def matched(self, performance: Performance, look: Look) -> list[dict[str, Any]]:
        """Return the run of each expectation, empty where there is none yet."""
        left = [run for run in look.runs if run["created_at"] >= self.since]
        found: list[dict[str, Any]] = []
        for one in performance.scenario.expect.runs:
            run = next((run for run in left if _is_about(one, run)), {})
            if run:
                left.remove(run)
            found.append(run)
        return found

    def detail(self, run: dict[str, Any]) -> dict[str, Any]:
        """Return a run with its history; asked for again only when it has moved."""
        known = self._details.get(run["id"])
        if known is None or known[0] != run["updated_at"]:
            known = (run["updated_at"], self.observer.run(run["id"]))
            self._details[run["id"]] = known
        return known[1]

    def _runs(self, performance: Performance, look: Look) -> Iterator[Finding]:
        expected = performance.scenario.expect
        matched = self.matched(performance, look)
        for one, run in zip(expected.runs, matched, strict=True):
            yield from self._run(performance, one, run)
        if expected.in_turn:
            acted = [(run.get("intended_at"), run.get("closed_at")) for run in matched]
            turns = pairwise(acted)
            met = all(one[1] and two[0] and one[1] <= two[0] for one, two in turns)
            yield self._say(texts.EXPECT_IN_TURN, met)

    def _run(
        self, performance: Performance, one: ExpectedRun, run: dict[str, Any]
    ) -> Iterator[Finding]:
        first = performance.first_failure or performance.since
        closed = bool(run.get("outcome"))
        ends = one.outcome or one.state or ""
        met = ends in (run.get("outcome"), run.get("state"))
        met = met and one.reason in (None, run.get("reason"))
        yield self._say(
            texts.EXPECT_RUN if one.reason is None else texts.EXPECT_RUN_REASON,
            met,
            hopeless=closed,
            action=one.action,
            target=one.target,
            ends=ends,
            reason=one.reason,
        )
        what: dict[str, Any] = {"action": one.action, "target": one.target}
        if one.through:
            history = self.detail(run).get("history", []) if run else []
            reasons = iter([row.get("reason") for row in history])
            met = all(reason in reasons for reason in one.through)
            yield self._say(texts.EXPECT_THROUGH, met, **what, reasons=", ".join(one.through))
        if one.plan is not None:
            plan = (self.detail(run).get("plan") or {}) if run else {}
            yield self._say(
                texts.EXPECT_PLAN, one.plan in plan.get("diff", ()), **what, line=one.plan
            )
        for limit, key, text in (
            (one.acted_within, "applied_at", texts.EXPECT_ACTED),
            (one.ended_within, "closed_at", texts.EXPECT_ENDED),
        ):
            if limit is not None:
                at = run.get(key)
                in_time = at is not None and at - first <= limit
                yield self._say(text, in_time, hopeless=at is not None, **what, limit=limit)

    def _nothing_else(self, look: Look) -> Iterator[Finding]:
        """Judge what none of them expects."""
        known = {run["id"] for one in self.performances for run in self.matched(one, look) if run}
        others = [
            run for run in look.runs if run["created_at"] >= self.since and run["id"] not in known
        ]
        named = ", ".join(f"{run['action']}({run['target']})" for run in others)
        yield self._say(texts.EXPECT_NO_OTHER_RUN, not others, hopeless=True, found=named or "0")
        cried = {
            _shown(page)
            for page in self._heard(look)
            if not self._may_be_told(page) and not self._is_left_over(page, look)
        }
        yield self._say(
            texts.EXPECT_NO_OTHER_CALL,
            not cried,
            hopeless=True,
            found="; ".join(sorted(cried)) or "0",
        )
        yield from self._writes()
        yield from self._silence(look)

    def _may_be_told(self, page: Page) -> bool:
        """Say whether a page is one that is expected, or of a symptom; a ticket wakes nobody."""
        if page.labels.get("severity") != _PAGE:
            return True
        expected = [one.scenario.expect for one in self.performances]
        return any(
            _matches(wanted, page) or _escalates(wanted, page)
            for one in expected
            for wanted in one.pages
        ) or any(_is_of(symptom, page) for one in expected for symptom in one.symptoms)

    def _is_left_over(self, page: Page, look: Look) -> bool:
        """Say whether it escalates what people had heard of before any of these began."""
        escalated = _escalated(page)
        return escalated is not None and any(
            (told.alert, _about(told)) == (escalated, _about(page))
            for told in look.pages
            if told.starts_at < self.since
        )

    def _writes(self) -> Iterator[Finding]:
        made = Counter(
            seen.operation
            for seen in list(self.ground.aws.front.seen)
            if seen.at >= self.since and not seen.injected and is_write(seen)
        )
        exact: Counter[str] = Counter()
        some: set[str] = set()
        for performance in self.performances:
            for operation, count in performance.scenario.expect.writes.items():
                if isinstance(count, int):
                    exact[operation] += count
                else:
                    some.add(operation)
        met = all(made[one] for one in some) and all(
            made[one] == exact[one] for one in {*made, *exact} - some
        )
        too_many = any(made[one] > exact[one] for one in {*made} - some)
        found = ", ".join(f"{one} {count}" for one, count in sorted(made.items()))
        yield self._say(texts.EXPECT_WRITES, met, hopeless=too_many, found=found or "0")

    def _silence(self, look: Look) -> Iterator[Finding]:
        """Judge that nothing was taken for done while nobody could know."""
        away = [
            (injected.since, injected.until or look.at)
            for one in self.performances
            for injected in one.injected
            if injected.fault.kind in ("aws_down", "program_down")
        ]
        if away:
            closed = [
                run["closed_at"]
                for run in look.runs
                if run["outcome"] in ("succeeded", "cancelled") and run["closed_at"] >= self.since
            ]
            blind = [at for at in closed if any(start <= at <= end for start, end in away)]
            yield self._say(texts.EXPECT_NOT_BY_SILENCE, not blind, hopeless=True)


def is_write(seen: Seen) -> bool:
    """Say whether it is a call of ours that changes something."""
    return seen.caller in CALLERS and _READ.match(seen.operation) is None


def _is_about(one: ExpectedRun, run: dict[str, Any]) -> bool:
    by_hand = run["playbook"] == _BY_HAND
    return (one.action, one.target, one.by_hand) == (run["action"], run["target"], by_hand)


def _matches(one: ExpectedPage, page: Page) -> bool:
    return (one.receiver, one.alert) == (page.receiver, page.alert) and _is_so(one, page)


def _is_so(one: ExpectedPage, page: Page) -> bool:
    return one.reason in (
        None,
        page.labels.get("outcome"),
        page.labels.get("reason"),
    ) and one.target in (None, *page.labels.values())


def _escalates(one: ExpectedPage, page: Page) -> bool:
    return one.escalates and _escalated(page) == one.alert and _is_so(one, page)


def _is_of(symptom: Symptom, page: Page) -> bool:
    told = (page.receiver, page.alert) == (_FIRST_LEVEL, symptom.alert)
    escalated = symptom.escalates and _escalated(page) == symptom.alert
    return (told or escalated) and symptom.target in page.labels.values()


def _escalated(page: Page) -> str | None:
    return page.labels.get("escalated") if page.alert.startswith(_ESCALATION) else None


def _about(page: Page) -> list[str]:
    return [page.labels[name] for name in _ABOUT if name in page.labels]


def _shown(page: Page) -> str:
    about = ", ".join([*_about(page), *filter(None, [_escalated(page)])])
    return f"{page.receiver}: {page.alert} ({about})"
