"""Scenarios under way: each step is taken when what it waits for has come about."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from simulator.aws.lambda_functions import serving
from simulator.faults import Faults, Ground, Injected
from simulator.observe import Look
from simulator.people import People
from simulator.scenario import Scenario, Step, When


@dataclass(frozen=True)
class Before:
    """How AWS was: versions by function, states by rule, flags that are on, allocated GiB."""

    aliases: dict[str, dict[str, float]]
    rules: dict[str, str]
    flags: dict[str, bool]
    storage_gib: int

    @classmethod
    def of(cls, ground: Ground) -> Before:
        """Read it."""
        inventory, aws = ground.inventory, ground.aws
        where = inventory.appconfig
        flags = aws.appconfig.deployed_flags(where.application, where.environment, where.profile)
        instances = aws.client("timestream-influxdb").list_db_instances()["items"]
        named = [one for one in instances if one["name"] == inventory.influxdb.instance]
        return cls(
            aliases={
                function.name: serving(inventory.aws.region, function.name, function.alias)
                for function in inventory.functions
            },
            rules={
                rule.name: aws.client("events").describe_rule(Name=rule.name)["State"]
                for rule in inventory.rules
            },
            flags={name: bool(value.get("enabled")) for name, value in flags.items()},
            storage_gib=int(named[0]["allocatedStorage"]),
        )


@dataclass(eq=False)
class Performance:
    """One scenario under way, since ``since`` (unix seconds); ``done`` counts its steps."""

    scenario: Scenario
    since: float
    before: Before
    done: int = 0
    injected: list[Injected] = field(default_factory=list)
    fired: set[tuple[str, str]] = field(default_factory=set)
    _true_since: float | None = None
    _under_way: Iterator[None] | None = None

    @property
    def first_failure(self) -> float | None:
        """When its fault first hurt (unix seconds)."""
        found = [one.first_failure for one in self.injected if one.first_failure is not None]
        return min(found, default=None)

    @property
    def is_over(self) -> bool:
        """Whether every step was taken."""
        return self.done == len(self.scenario.script)

    def look(self, look: Look, faults: Faults, people: People) -> None:
        """Take every step whose time has come."""
        self.fired.update(
            (one.name, one.target) for one in look.alerts or () if one.state == "firing"
        )
        while not self.is_over:
            step = self.scenario.script[self.done]
            if self._under_way is None:
                if not self._is_time(step.when, look):
                    return
                self._under_way = self._take(step, faults, people)
            for _ in self._under_way:
                return
            self._under_way, self._true_since = None, None
            self.done += 1

    def _is_time(self, when: When, look: Look) -> bool:
        if not _holds(when, look, self.since):
            self._true_since = None
            return False
        if self._true_since is None:
            self._true_since = look.at
        return look.at - self._true_since >= when.after

    def _take(self, step: Step, faults: Faults, people: People) -> Iterator[None]:
        if step.fault is not None:
            self.injected.append(faults.inject(step.fault))
        for injected in self.injected:
            if injected.fault.kind == step.clear:
                faults.clear(injected)
        if step.person is not None:
            yield from people.do(step.person)

    def end(self, faults: Faults) -> None:
        """Take out whatever of it is still on."""
        for injected in reversed(self.injected):
            faults.clear(injected)


def _holds(when: When, look: Look, since: float) -> bool:
    if when.alert is not None and not look.fires(when.alert, when.target):
        return False
    if when.quiet is not None and (look.alerts is None or look.fires(when.quiet, when.target)):
        return False
    if when.told is not None and not any(
        (page.alert, page.status) == (when.told, "firing") and page.starts_at >= since
        for page in look.pages
    ):
        return False
    if when.run is None:
        return True
    return any(
        run["action"] == when.run
        and run["created_at"] >= since
        and when.target in (None, run["target"])
        and when.state in (None, run["state"])
        and when.outcome in (None, run["outcome"])
        and when.reason in (None, run["reason"])
        for run in look.runs
    )


class Scripts:
    """The scenarios under way, at most one of each name; ``look`` is called again and again."""

    def __init__(self, faults: Faults, people: People, now: Callable[[], float]) -> None:
        self._faults = faults
        self._people = people
        self._now = now
        self._lock = threading.Lock()
        self._performances: dict[str, Performance] = {}

    @property
    def active(self) -> list[Performance]:
        """Return those under way."""
        with self._lock:
            return list(self._performances.values())

    def begin(self, scenario: Scenario) -> Performance:
        """Begin a scenario; beginning it again does nothing more."""
        with self._lock:
            if scenario.name not in self._performances:
                before = Before.of(self._faults.ground)
                self._performances[scenario.name] = Performance(scenario, self._now(), before)
            return self._performances[scenario.name]

    def look(self, look: Look) -> None:
        """Take every step whose time has come."""
        for performance in self.active:
            performance.look(look, self._faults, self._people)

    def end(self, name: str) -> bool:
        """Take a scenario's faults out; say whether it was under way."""
        with self._lock:
            performance = self._performances.pop(name, None)
        if performance is None:
            return False
        performance.end(self._faults)
        return True
