"""Every alert fires, stays quiet, resolves and survives a gap; and a mutated one is caught."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import promtool
import pytest
from cases import CASES, WITHOUT
from patterns import FIRES, GAP, QUIET, RESOLVES

from alerts import packs
from alerts.rule import AlertRule
from inventory.durations import format_duration, parse_duration
from inventory.load import load_inventory

INVENTORY = load_inventory(Path(__file__).parents[2] / "platform.yaml")
RULES = {rule.key: rule for rule in packs.rules(INVENTORY)}
_COMPARED = re.compile(r"(>=|<=|==|>|<) (-?[\d.]+)")
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


@pytest.mark.parametrize("key", RULES)
def test_alert_behaves(key: str, tmp_path: Path) -> None:
    """Prometheus itself finds the alert firing exactly when the cases say."""
    rule = RULES[key].document(INVENTORY)
    name = key.replace("/", "-")
    document = promtool.test_document(key, CASES[key], f"{name}.rules.yml")
    assert promtool.run(tmp_path, name, document, [rule]) == ""


def _mutants(rule: AlertRule) -> Iterator[tuple[str, dict[str, Any]]]:
    document = rule.document(INVENTORY)
    expr = rule.expr.text
    for found in _COMPARED.finditer(expr):
        operator, value = found.groups()
        if _is_guard(expr, found):
            continue
        yield (
            f"threshold {found[0]}",
            document | {"expr": _swap(expr, found, f"{operator} {float(value) * 1.2 + 1:g}")},
        )
        other = {">": ">=", ">=": ">", "<": "<=", "<=": "<", "==": "!="}[operator]
        yield f"comparison {found[0]}", document | {"expr": _swap(expr, found, f"{other} {value}")}
    for found in _RANGE.finditer(expr):
        longer = format_duration(2 * parse_duration(found[1]))
        yield f"window {found[0]}", document | {"expr": _swap(expr, found, f"[{longer}]")}
    if rule.for_:
        yield "no wait", {key: value for key, value in document.items() if key != "for"}
        yield "longer wait", document | {"for": format_duration(2 * rule.for_)}


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


def test_mutants_are_caught(tmp_path: Path) -> None:
    """A changed threshold, comparison, wait or window of any alert fails its cases."""
    mutants = [(key, *mutant) for key, rule in RULES.items() for mutant in _mutants(rule)]

    def survives(number: int) -> str:
        key, what, rule = mutants[number]
        name = f"mutant{number}"
        document = promtool.test_document(key, CASES[key], f"{name}.rules.yml")
        return "" if promtool.run(tmp_path, name, document, [rule]) else f"{key}: {what}"

    with ThreadPoolExecutor(max_workers=2) as pool:
        survivors = [found for found in pool.map(survives, range(len(mutants))) if found]
    assert len(mutants) > 2 * len(RULES)
    assert survivors == []
