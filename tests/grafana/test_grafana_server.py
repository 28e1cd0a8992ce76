"""A real Grafana takes, answers and shows every dashboard, where ``GRAFANA_URL`` names one.

``GRAFANA_TOKEN`` is a service account's with the role Editor; or ``GRAFANA_USER`` and
``GRAFANA_PASSWORD``. ``GRAFANA_DATASOURCE`` is the uid of a Prometheus data source, else it is the
default one. All is done in a folder of its own, which is gone afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from grafana.dashboard import document
from grafana.listing import BOARDS, BoardSpec
from inventory.load import load_inventory
from tests.browser import Browser, chromium
from tests.grafana.checks import Grafana, imported, problems, shown

INVENTORY = load_inventory(Path(__file__).parents[2] / "platform.yaml")


@pytest.fixture(scope="module")
def server() -> Grafana:
    """The Grafana that the environment names."""
    url = os.environ.get("GRAFANA_URL")
    if not url:
        pytest.skip("GRAFANA_URL names no Grafana to try the dashboards on")
    return Grafana(
        url.rstrip("/"),
        os.environ.get("GRAFANA_TOKEN"),
        os.environ.get("GRAFANA_USER", "admin"),
        os.environ.get("GRAFANA_PASSWORD", ""),
    )


@pytest.fixture(scope="module")
def source(server: Grafana) -> str:
    """The Prometheus that the panels ask."""
    return server.prometheus(os.environ.get("GRAFANA_DATASOURCE"))


@pytest.fixture(scope="module")
def folder(server: Grafana) -> Iterator[str]:
    """A folder of these tests alone."""
    with server.folder() as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all dashboards."""
    with chromium() as window:
        yield window


@pytest.mark.parametrize("spec", BOARDS, ids=[spec.board.value for spec in BOARDS])
def test_every_dashboard_works(
    server: Grafana, source: str, folder: str, browser: Browser, pictures: Path, spec: BoardSpec
) -> None:
    """It is imported whole, every query of every panel is answered, and the page shows them all."""
    board = document(INVENTORY, spec, INVENTORY.locale)
    uid = imported(server, board, folder)
    assert problems(server, INVENTORY, board, source) == []
    shown(server, browser, board, uid, source, pictures / f"grafana-{spec.board.value}.png")
