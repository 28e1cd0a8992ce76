"""The dashboards: current, well-formed by dashboard-linter's rules, and true to the alerts."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from alerts import packs
from alerts.panels import Panel
from alerts.rule import LOCALES
from catalogue.text import Locale
from grafana import generate
from grafana.dashboard import document
from grafana.overview import panels
from grafana.queries import queries, substitute
from inventory.load import load_inventory
from simulator.layout import DEMO_OVERLAY

ROOT = Path(__file__).parents[2]
INVENTORY = load_inventory(ROOT / "platform.yaml")
DEMO = load_inventory(ROOT / "platform.yaml", DEMO_OVERLAY)
UNITS = {"none", "short", "percentunit", "s", "ops", "reqps", "currencyUSD"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


@pytest.fixture(scope="module", params=LOCALES)
def board(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The overview in one language."""
    return document(INVENTORY, request.param)


def _targets(board: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(panel, target) for panel in board["panels"] for target in panel["targets"]]


def _parsed(expr: str) -> Any:
    return promql_parser.parse(substitute(INVENTORY, expr))


def test_generated_files_are_current() -> None:
    """The committed files are byte for byte what the inventory generates, and none is left over."""
    found = [path for path in (ROOT / generate.GENERATED).rglob("*") if path.is_file()]
    actual = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in found}
    assert actual == generate.files(INVENTORY)


def test_board_is_stable_and_read_only(board: dict[str, Any]) -> None:
    """The classic schema, a stable uid, and no editing in the browser."""
    assert board["schemaVersion"] == 42
    assert board["uid"] in {"vigia-overview-pt-br", "vigia-overview-en"}
    assert board["editable"] is False


def test_variables(board: dict[str, Any]) -> None:
    """A templated data source, and job and instance to choose from, reloaded with the time."""
    source, job, instance = board["templating"]["list"]
    assert (source["type"], source["name"], source["label"]) == (
        "datasource",
        "datasource",
        "Data source",
    )
    for variable, name in ((job, "job"), (instance, "instance")):
        assert (variable["name"], variable["label"]) == (name, name.title())
        assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (
            True,
            True,
            ".+",
        )
        assert (variable["datasource"], variable["refresh"]) == (SOURCE, 2)


def test_panels_explain_themselves(board: dict[str, Any]) -> None:
    """Every panel has a title, a description, a unit, queries and the templated source."""
    for panel in board["panels"]:
        assert panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["targets"]
        assert panel["datasource"] == SOURCE
    for _, target in _targets(board):
        assert target["datasource"] == SOURCE
        assert target["legendFormat"]


def test_queries_respect_the_variables(board: dict[str, Any]) -> None:
    """Every selector of every query matches job and instance, and the query parses."""
    for _, target in _targets(board):
        expr = target["expr"]
        _parsed(expr)
        selectors = re.findall(r"(?:dataplatform|vigia)_\w+|\bALERTS\b", expr)
        assert expr.count('job=~"$job", instance=~"$instance"') == len(selectors), expr


def test_rates_fit_the_panel(board: dict[str, Any]) -> None:
    """Rates use Grafana's rate interval, and counters are never shown raw."""
    for _, target in _targets(board):
        expr = target["expr"]
        assert all(
            window == "$__rate_interval"
            for window in re.findall(r"\brate\([^\[]*\[([^\]]+)\]", expr)
        )
        for counter in re.finditer(r"\w+_total\{[^}]*\}", expr):
            before = expr[: counter.start()]
            assert before.endswith(("rate(", "increase(")), expr
            assert expr[counter.end()] == "["


def test_legends_use_labels_of_the_result() -> None:
    """A legend names only labels that the query's result carries."""
    for row in panels(INVENTORY):
        for spec in row:
            for ask in spec.asks:
                wanted = set(re.findall(r"\{\{(\w+)\}\}", ask.legend))
                assert wanted <= ask.expr.labels, (spec.panel, ask.legend)


def test_panels_do_not_overlap(board: dict[str, Any]) -> None:
    """No two panels share a cell, none leaves the grid, and ids are each used once."""
    places = [panel["gridPos"] for panel in board["panels"]]
    for one, other in combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert sorted(panel["id"] for panel in board["panels"]) == sorted(Panel)


def test_lines_are_the_alerts_thresholds(board: dict[str, Any]) -> None:
    """Each panel draws exactly the limits of its alerts, and links their runbooks."""
    rules = packs.rules(INVENTORY)
    for panel in board["panels"]:
        mine = [rule for rule in rules if rule.panel == panel["id"]]
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        drawn = {step["value"] for step in steps} - {None}
        assert drawn == {rule.threshold for rule in mine} - {None}, panel["title"]
        linked = {link["url"].rsplit("/", 1)[1] for link in panel.get("links", [])}
        assert linked == {rule.name for rule in mine}


def test_both_languages_ask_the_same() -> None:
    """The two dashboards differ in words only."""
    one, other = (document(INVENTORY, locale) for locale in LOCALES)
    assert [target["expr"] for _, target in _targets(one)] == [
        target["expr"] for _, target in _targets(other)
    ]
    assert {panel["title"] for panel in one["panels"]} != {
        panel["title"] for panel in other["panels"]
    }


@pytest.mark.parametrize("inventory", [INVENTORY, DEMO], ids=["platform", "demo"])
def test_all_queries_are_listed_and_parse(inventory: Any) -> None:
    """Panels, variables and annotations are all there, without Grafana's variables."""
    found = queries(inventory)
    board = document(inventory, inventory.locale)
    kinds = [place.split()[0] for place, _ in found]
    assert kinds.count("panel") + kinds.count("optional") == len(_targets(board))
    assert (kinds.count("variable"), kinds.count("annotation")) == (2, 2)
    for _, query in found:
        assert "$" not in query
        promql_parser.parse(query)


@pytest.mark.parametrize("locale", LOCALES)
def test_board_is_json(locale: Locale) -> None:
    """The generated dashboard is the document that the tests look at."""
    text = generate.files(INVENTORY)[f"grafana/generated/overview.{locale}.json"]
    assert json.loads(text) == document(INVENTORY, locale)
