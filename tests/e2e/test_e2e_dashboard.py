"""Every query of every dashboard answers from the real Prometheus, with labels its legend uses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from grafana.dashboard import document
from grafana.listing import BOARDS
from grafana.queries import queries, substitute
from simulator.world import World
from tests.conftest import wait_for
from tests.e2e.conftest import Regression

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("loop"),
]


def test_every_query_answers(world: World, regression: Regression) -> None:
    """After a deployment and its rollback no panel, variable or annotation is empty."""
    wanted = queries(world.inventory)
    must = [(place, query) for place, query in wanted if not place.startswith("optional ")]
    assert len(must) > 80
    empty: list[str] = []

    def all_answer() -> bool:
        empty[:] = [place for place, query in must if not world.observer.query(query)]
        return not empty

    try:
        wait_for(all_answer, 60)
    except pytest.fail.Exception:
        pytest.fail(f"no data: {empty}")


def test_legends_use_labels_that_exist(world: World, regression: Regression) -> None:
    """Each ``{{label}}`` of a legend is a label of every series that the panel shows."""
    boards = [document(world.inventory, spec, world.inventory.locale) for spec in BOARDS]
    targets: list[dict[str, Any]] = [
        target for board in boards for panel in board["panels"] for target in panel["targets"]
    ]
    for target in targets:
        wanted = re.findall(r"{{\s*(\w+)\s*}}", target.get("legendFormat") or "")
        for series in world.observer.query(substitute(world.inventory, target["expr"])):
            assert set(wanted) <= set(series["metric"]), target["expr"]


def test_rules_are_healthy(world: World) -> None:
    """Prometheus evaluates every generated rule without an error."""
    answer = world.observer.rules()
    assert len(answer) > 50
    assert [rule["name"] for rule in answer if rule["health"] != "ok"] == []
