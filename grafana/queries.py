"""Every query of the dashboards, as Grafana would send it with everything selected."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from alerts import windows
from catalogue.promql import RATE_INTERVAL
from grafana.dashboard import document
from grafana.overview import panels
from inventory.model import Inventory

_LABEL_VALUES = re.compile(r"^label_values\((?P<selector>.+), \w+\)$", re.DOTALL)
_ALL = ".+"


def queries(inventory: Inventory) -> list[tuple[str, str]]:
    """Return where each query stands and its PromQL, variables substituted.

    Panels and variables always answer something; an annotation only once a deployment or a
    remediation was seen, an optional query perhaps never. Their places begin with ``panel``,
    ``variable``, ``annotation`` or ``optional``.
    """
    board = document(inventory, inventory.locale)
    optional = {
        ask.expr.text
        for row in panels(inventory)
        for spec in row
        for ask in spec.asks
        if ask.optional
    }
    found = [
        (f"{_kind(target, optional)} {panel['title']} {target['refId']}", target["expr"])
        for panel in board["panels"]
        for target in panel["targets"]
    ]
    found += [
        (f"variable {variable['name']}", _selector(variable["query"]))
        for variable in board["templating"]["list"]
        if variable["type"] == "query"
    ]
    found += [
        (f"annotation {annotation['name']}", annotation["expr"])
        for annotation in board["annotations"]["list"]
    ]
    return [(place, substitute(inventory, query)) for place, query in found]


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
