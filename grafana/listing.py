"""Every dashboard: its title and its panels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alerts.panels import Board
from catalogue.texts import dashboards as texts
from catalogue.texts.dashboards import PanelTexts
from grafana.boards import api, costs, engine, functions, influx, overview, own, pipeline, security
from grafana.panel import Rows
from inventory.model import Inventory


@dataclass(frozen=True)
class BoardSpec:
    """A dashboard: what it is called and about, and its panels row by row."""

    board: Board
    texts: PanelTexts
    rows: Callable[[Inventory], Rows]


BOARDS = (
    BoardSpec(Board.OVERVIEW, texts.OVERVIEW, overview.rows),
    BoardSpec(Board.PIPELINE, texts.PIPELINE, pipeline.rows),
    BoardSpec(Board.FUNCTIONS, texts.FUNCTIONS, functions.rows),
    BoardSpec(Board.API, texts.API, api.rows),
    BoardSpec(Board.INFLUXDB, texts.INFLUXDB, influx.rows),
    BoardSpec(Board.COST, texts.COST, costs.rows),
    BoardSpec(Board.SECURITY, texts.SECURITY, security.rows),
    BoardSpec(Board.REMEDIATION, texts.REMEDIATION, engine.rows),
    BoardSpec(Board.OWN, texts.OWN, own.rows),
)
