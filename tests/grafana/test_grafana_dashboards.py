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
from alerts.panels import Board, Panel, dashboard_uid, home
from alerts.rule import LOCALES
from grafana import generate
from grafana.dashboard import document
from grafana.listing import BOARDS, BoardSpec
from grafana.queries import queries, substitute
from inventory.load import load_inventory
from simulator.layout import DEMO_OVERLAY

ROOT = Path(__file__).parents[2]
INVENTORY = load_inventory(ROOT / "platform.yaml")
DEMO = load_inventory(ROOT / "platform.yaml", DEMO_OVERLAY)
UNITS = {"none", "short", "percentunit", "s", "ops", "reqps", "currencyUSD", "bytes"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


EVERY = [(spec, locale) for spec in BOARDS for locale in LOCALES]


@pytest.fixture(
    scope="module", params=EVERY, ids=[f"{spec.board.value}-{locale}" for spec, locale in EVERY]
)
def board(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each dashboard in each language."""
    return document(INVENTORY, *request.param)


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
    uids = {dashboard_uid(spec.board, locale) for spec, locale in EVERY}
    assert len(uids) == len(EVERY)
    assert board["uid"] in uids
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
    every = [panel for spec in BOARDS for row in spec.rows(INVENTORY) for panel in row]
    for panel in every:
        for ask in panel.asks:
            wanted = set(re.findall(r"\{\{(\w+)\}\}", ask.legend))
            assert wanted <= ask.expr.labels, (panel.panel, ask.legend)


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
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)


def test_every_panel_is_at_home_once() -> None:
    """Each panel stands on its own dashboard; only the overview shows what belongs elsewhere."""
    shown = {
        spec.board: [panel.panel for row in spec.rows(INVENTORY) for panel in row]
        for spec in BOARDS
    }
    assert list(shown) == list(Board)
    for board, panels in shown.items():
        strangers = {panel for panel in panels if home(panel) is not board}
        assert not strangers or board is Board.OVERVIEW, (board, strangers)
    for panel in Panel:
        assert panel in shown[home(panel)], panel


def test_dashboards_lead_to_each_other(board: dict[str, Any]) -> None:
    """Each links all others of its language, with the time and what was chosen, and the console."""
    locale = board["tags"][1]
    links = {link["url"]: link for link in board["links"]}
    others = {f"/d/{dashboard_uid(b, locale)}" for b in Board} - {f"/d/{board['uid']}"}
    assert set(links) == others | {INVENTORY.alerting.remediations_url}
    assert all(links[url]["keepTime"] and links[url]["includeVars"] for url in others)


def test_alerts_lead_to_a_panel_that_is_there() -> None:
    """Every alert's dashboard link names a dashboard that holds the panel it names."""
    there = {
        (document(INVENTORY, spec, INVENTORY.locale)["uid"], str(panel.panel.value))
        for spec in BOARDS
        for row in spec.rows(INVENTORY)
        for panel in row
    }
    for rule in packs.rules(INVENTORY):
        url = rule.annotations(INVENTORY)["dashboard_url"]
        uid, _, number = url.rpartition("/d/")[2].partition("?viewPanel=")
        assert (uid, number) in there, rule.name


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


@pytest.mark.parametrize("spec", BOARDS, ids=[spec.board.value for spec in BOARDS])
def test_both_languages_ask_the_same(spec: BoardSpec) -> None:
    """The two dashboards differ in words only."""
    one, other = (document(INVENTORY, spec, locale) for locale in LOCALES)
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
    boards = [document(inventory, spec, inventory.locale) for spec in BOARDS]
    kinds = [place.split()[0] for place, _ in found]
    # One mark of each dashboard is rightly empty outside maintenance windows.
    asked = sum(len(_targets(board)) for board in boards) + len(BOARDS)
    assert kinds.count("panel") + kinds.count("optional") == asked
    assert (kinds.count("variable"), kinds.count("annotation")) == (2 * len(BOARDS),) * 2
    for _, query in found:
        assert "$" not in query
        promql_parser.parse(query)


def test_boards_are_json() -> None:
    """The generated dashboards are the documents that the tests look at."""
    files = generate.files(INVENTORY)
    for spec, locale in EVERY:
        text = files[f"{generate.DASHBOARDS}/{spec.board.value}.{locale}.json"]
        assert json.loads(text) == document(INVENTORY, spec, locale)
