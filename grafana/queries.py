"""Every query of the dashboards, as Grafana would send it with everything selected."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from alerts import windows
from catalogue.promql import RATE_INTERVAL
from grafana.dashboard import document
from grafana.listing import BOARDS, BoardSpec
from grafana.marks import marks
from inventory.model import Inventory

_LABEL_VALUES = re.compile(r"^label_values\((?P<selector>.+), \w+\)$", re.DOTALL)
_ALL = ".+"


def queries(inventory: Inventory) -> list[tuple[str, str]]:
    """Return where each query stands and its PromQL, variables substituted.

    Panels and variables always answer something; an annotation only once a deployment or a
    remediation was seen, an optional query perhaps never. Their places begin with ``panel``,
    ``variable``, ``annotation`` or ``optional``.
    """
    found = [one for spec in BOARDS for one in _of(inventory, spec)]
    return [(place, substitute(inventory, query)) for place, query in found]


def _of(inventory: Inventory, spec: BoardSpec) -> Iterator[tuple[str, str]]:
    board, name = document(inventory, spec, inventory.locale), spec.board.value
    optional = {
        ask.expr.text
        for row in spec.rows(inventory)
        for panel in row
        for ask in panel.asks
        if ask.optional
    } | {marks()["maintenance"].text}
    for panel in board["panels"]:
        for target in panel["targets"]:
            place = f"{name} {panel['title']} {target['refId']}"
            yield f"{_kind(target, optional)} {place}", target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {name} {variable['name']}", _selector(variable["query"])
    for annotation in board["annotations"]["list"]:
        kind = "optional" if annotation["expr"] in optional else "annotation"
        yield f"{kind} {name} {annotation['name']}", annotation["expr"]


def _kind(target: Mapping[str, str], optional: Collection[str]) -> str:
    return "optional" if target["expr"] in optional else "panel"


def substitute(inventory: Inventory, query: str) -> str:
    """Return ``query`` with Grafana's variables as they are when all is selected."""
    step = windows.spanning(inventory, 0) + inventory.alerting.scrape_interval
    values = {RATE_INTERVAL: windows.text(step), "$job": _ALL, "$instance": _ALL}
    for name, value in values.items():
        query = query.replace(name, value)
    return query


def _selector(query: str) -> str:
    match = _LABEL_VALUES.match(query)
    if match is None:
        raise ValueError(f"variable query '{query}' is not label_values(selector, label)")
    return match["selector"]
