"""The demo's timeline: what changed since the last look, as lines with their delay."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from catalogue.text import Locale, Text
from catalogue.texts import demo as texts
from simulator.aws.lambda_functions import serving
from simulator.observe import AlertState, Look
from simulator.scenario import Step
from simulator.world import World

_QUIET = frozenset({"Watchdog"})


@dataclass
class Seen:
    """What was seen already."""

    paged: set[tuple[str, str]] = field(default_factory=set)
    runs: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)


class Timeline:
    """Looks at a world and prints what is new. ``origin`` is what delays count from."""

    def __init__(self, world: World, locale: Locale, emit: Callable[[str], None]) -> None:
        self._world = world
        self._locale = locale
        self._emit = emit
        self._started = time.time()
        self._alerts: dict[tuple[str, str], str] = {}
        self._pages = 0
        self.origin: float | None = None
        self.seen = Seen()

    def say(self, text: Text, at: float | None = None, **values: object) -> None:
        """Print one line with its clock time and its delay since the origin."""
        at = time.time() if at is None else at
        clock = time.strftime("%H:%M:%S", time.localtime(at))
        origin = self._started if self.origin is None else self.origin
        self._emit(f"{clock} {at - origin:+8.1f} s  {text.format(self._locale, **values)}")

    def look(self, look: Look) -> None:
        """Print what changed since the last look."""
        self._steps()
        self._aliases()
        self._look_at_alerts(look)
        self._look_at_pages(look)
        self._runs(look)

    def _steps(self) -> None:
        for performance in self._world.scripts.active:
            name = performance.scenario.name
            if self.origin is None and performance.first_failure is not None:
                self.origin = performance.first_failure
                target = performance.scenario.expect.alerts[0].target
                self.say(texts.FIRST_FAILURE, performance.first_failure, target=target)
            for step in performance.scenario.script[
                self.seen.steps.get(name, 0) : performance.done
            ]:
                self.say(texts.STEP, name=name, what=_what(step, self._locale))
            self.seen.steps[name] = performance.done

    def _aliases(self) -> None:
        inventory = self._world.inventory
        for function in inventory.functions:
            shares = serving(inventory.aws.region, function.name, function.alias)
            version = "+".join(sorted(shares))
            before = self.seen.versions.get(function.name)
            self.seen.versions[function.name] = version
            if before is not None and before != version:
                self.say(texts.ALIAS_MOVED, target=function.name, version=version)

    def _look_at_alerts(self, look: Look) -> None:
        if look.alerts is None:
            return
        now: dict[tuple[str, str], str] = {}
        for alert in look.alerts:
            if alert.name not in _QUIET:
                now[alert.name, alert.target] = _stronger(
                    now.get((alert.name, alert.target)), alert
                )
        for key, state in now.items():
            if self._alerts.get(key) != state:
                text = texts.ALERT_FIRING if state == "firing" else texts.ALERT_PENDING
                self.say(text, alert=key[0], target=key[1])
        for key in set(self._alerts) - set(now):
            self.say(texts.ALERT_RESOLVED, alert=key[0], target=key[1])
        self._alerts = now

    def _look_at_pages(self, look: Look) -> None:
        for page in look.pages[self._pages :]:
            if page.status != "firing" or page.alert in _QUIET:
                continue
            if (page.receiver, page.alert) not in self.seen.paged:
                self.say(texts.PAGED, page.at, receiver=page.receiver, alert=page.alert)
            self.seen.paged.add((page.receiver, page.alert))
        self._pages = len(look.pages)

    def _runs(self, look: Look) -> None:
        for run in look.runs:
            now = (str(run["outcome"] or run["state"]), run["reason"])
            before = self.seen.runs.get(run["id"])
            if before is None:
                self.say(
                    texts.RUN_OPENED,
                    run["created_at"],
                    run=run["id"],
                    action=run["action"],
                    target=run["target"],
                )
            if before != now:
                at = run["closed_at"] or run["updated_at"]
                text = texts.RUN_REASON if run["reason"] else texts.RUN_STATE
                self.say(text, at, run=run["id"], state=now[0], reason=run["reason_text"])
            self.seen.runs[run["id"]] = now


def _stronger(known: str | None, alert: AlertState) -> str:
    return "firing" if "firing" in (known, alert.state) else alert.state


def _what(step: Step, locale: Locale) -> str:
    if step.fault is not None:
        return texts.FAULT_ON.format(locale, kind=step.fault.kind)
    if step.person is not None:
        action = getattr(step.person, "action", "")
        return texts.PERSON.format(locale, does=f"{step.person.does} {action}".strip())
    return texts.FAULT_OFF.format(locale, kind=step.clear)
