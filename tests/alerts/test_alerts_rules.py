"""Every alert fires, stays quiet, resolves and survives a gap; and a mutated one is caught."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from patterns import FIRES, GAP, QUIET, RESOLVES
from promtool import STALE, Cases, Job, Line, Scenario, run, test_document

from alerts import packs
from alerts.rule import AlertRule
from inventory.durations import format_duration, parse_duration
from inventory.load import load_inventory

INVENTORY = load_inventory(Path(__file__).parents[2] / "platform.yaml")
RULES = {rule.key: rule for rule in packs.rules(INVENTORY)}
_MODULES = [
    importlib.import_module(path.stem) for path in sorted(Path(__file__).parent.glob("cases*.py"))
]
CASES: dict[str, Cases] = {
    key: case for one in _MODULES for key, case in getattr(one, "CASES", {}).items()
}
WITHOUT: dict[str, frozenset[str]] = {
    key: kinds for one in _MODULES for key, kinds in getattr(one, "WITHOUT", {}).items()
}
ABSENCE = ("ExporterDown", "RemediationDown", "Watchdog")
"""What goes on without any series: that is what they tell of."""
_COMPARED = re.compile(r"(>=|<=|==|>|<) (bool )?(-?[\d.]+)")
_OTHER = {">": ">=", ">=": ">", "<": "<=", "<=": "<", "==": "!="}
_BESIDE = re.compile(r"(>=|<=|==|>|<) (?=[a-z(])(?!bool)")
_MATCHED = re.compile(r"(\w)(=~|!~|!=|=)\"")
_JOINED = re.compile(r"\b(and|unless|or)\b")
_OBJECTIVE = re.compile(r'objective="\w+"')
_RANGE = re.compile(r"\[(\w+)\]")


def test_every_alert_has_cases() -> None:
    """No alert without a case of each kind, and no case without an alert."""
    kinds = {
        key: frozenset().union(*(scenario.kinds for scenario in cases.scenarios))
        for key, cases in CASES.items()
    }
    wanted = {
        key: frozenset({FIRES, QUIET, RESOLVES, GAP}) - WITHOUT.get(key, frozenset())
        for key in RULES
    }
    assert kinds == wanted
    assert len(CASES) == sum(len(getattr(one, "CASES", {})) for one in _MODULES), "known twice"


def _job(key: str, name: str, rule: Mapping[str, Any]) -> Job:
    return Job(name, test_document(key, CASES[key], f"{name}.rules.yml"), [rule])


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What promtool says of every alert's cases."""
    jobs = [
        _job(key, key.replace("/", "-"), rule.document(INVENTORY))
        for key, rule in RULES.items()
        if key in CASES
    ]
    return run(tmp_path_factory.mktemp("cases"), jobs)


@pytest.mark.parametrize("key", RULES)
def test_alert_behaves(key: str, answers: dict[str, str]) -> None:
    """Prometheus itself finds the alert firing exactly when the cases say."""
    assert answers[key.replace("/", "-")] == ""


@pytest.fixture(scope="module")
def vanished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What promtool says of every alert whose series are gone soon after it fired."""
    jobs = [
        Job(_file(key), test_document(key, _gone(key), f"{_file(key)}.rules.yml"), [document])
        for key, rule in RULES.items()
        for document in (rule.document(INVENTORY),)
    ]
    return run(tmp_path_factory.mktemp("vanished"), jobs)


@pytest.mark.parametrize("key", RULES)
def test_alert_ends_when_its_series_are_gone(key: str, vanished: dict[str, str]) -> None:
    """It outlives its data by its gap, then ends: absence is told by alerts of its own."""
    assert vanished[_file(key)] == ""


def _file(key: str) -> str:
    return key.replace("/", "-").replace("%", "")


def _gone(key: str) -> Cases:
    """Return the first scenario in which the alert fires, with every series gone right after."""
    cases, rule = CASES[key], RULES[key]
    shown = next(one for one in cases.scenarios if FIRES in one.kinds)
    fired = next(at for at, count in shown.firing.items() if count)
    count, gone = shown.firing[fired], fired + cases.step
    series = {
        name: Line(
            {**{at: value for at, value in line.changes.items() if at < gone}, gone: STALE},
            line.counter,
        )
        for name, line in shown.series.items()
    }
    held = gone + int(rule.keep_firing_for) // cases.step * cases.step - cases.step
    ranges = [parse_duration(found) for found in _RANGE.findall(rule.expr.text)]
    over = held + int(max(ranges, default=0) + rule.keep_firing_for) // cases.step * cases.step
    ended = count if rule.name in ABSENCE else 0
    kept = {held: count} if held > fired else {}
    firing = {fired: count, **kept, over + 4 * cases.step: ended}
    return Cases((Scenario(frozenset({GAP}), series, firing),), cases.step, cases.apart)


def _mutants(rule: AlertRule) -> Iterator[tuple[str, dict[str, Any]]]:
    document = rule.document(INVENTORY)
    expr = rule.expr.text
    for found in _COMPARED.finditer(expr):
        operator, whether, value = found.groups(default="")
        if _is_guard(expr, found):
            continue
        yield (
            f"threshold {found[0]}",
            document | {"expr": _swap(expr, found, f"{operator} {whether}{_beside(value)}")},
        )
        other = _OTHER[operator]
        yield (
            f"comparison {found[0]}",
            document | {"expr": _swap(expr, found, f"{other} {whether}{value}")},
        )
    for found in _BESIDE.finditer(expr):
        yield (
            f"comparison {found[0]}",
            document | {"expr": _swap(expr, found, _OTHER[found[1]] + " ")},
        )
    for found in _MATCHED.finditer(expr):
        other = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}[found[2]]
        yield f"matcher {found[0]}", document | {"expr": _swap(expr, found, f'{found[1]}{other}"')}
    for found in _JOINED.finditer(expr):
        other = {"and": "unless", "unless": "and", "or": "and"}[found[1]]
        yield f"join {found[0]}", document | {"expr": _swap(expr, found, other)}
    for found in _RANGE.finditer(expr):
        longer = format_duration(2 * parse_duration(found[1]))
        yield f"window {found[0]}", document | {"expr": _swap(expr, found, f"[{longer}]")}
    if rule.for_:
        yield "no wait", {key: value for key, value in document.items() if key != "for"}
        yield "longer wait", document | {"for": format_duration(2 * rule.for_)}
    if rule.keep_firing_for:
        yield "gap", {key: value for key, value in document.items() if key != "keep_firing_for"}


def _beside(value: str) -> str:
    return f"{float(value) * 1.2 + 1:g}"


def _is_guard(expr: str, found: re.Match[str]) -> bool:
    # The whole of a ratio, guarded against 0/0: its loss turns no value into NaN, and none fires.
    return found[0] == "> 0" and _guarded(expr[: found.start()])


def _guarded(before: str) -> bool:
    depth = 0
    for index in range(len(before) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(before[index], 0)
        if depth < 0:
            return before[:index].endswith("/ ")
    return False


def _swap(expr: str, found: re.Match[str], text: str) -> str:
    return expr[: found.start()] + text + expr[found.end() :]


def _unlike() -> dict[str, AlertRule]:
    """Leave out burn rates that differ from another's in nothing but the objective's name."""
    known: dict[tuple[str, float], str] = {}
    for key, rule in RULES.items():
        known.setdefault((_OBJECTIVE.sub("objective", rule.expr.text), rule.for_), key)
    return {key: RULES[key] for key in known.values()}


@pytest.mark.whole
def test_mutants_are_caught(tmp_path: Path) -> None:
    """A changed threshold, comparison, wait or window of any alert fails its cases."""
    mutants = [(key, *mutant) for key, rule in _unlike().items() for mutant in _mutants(rule)]
    jobs = [
        _job(key, f"mutant{number}", document) for number, (key, _, document) in enumerate(mutants)
    ]
    found = run(tmp_path, jobs)
    survivors = [
        f"{key}: {what}"
        for job, (key, what, _) in zip(jobs, mutants, strict=True)
        if not found[job.name]
    ]
    assert len(mutants) > 2 * len(RULES)
    assert survivors == []
