"""The checks of a real Grafana, run on a stand-in: they pass where all is well, and can fail."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from grafana.dashboard import document
from grafana.listing import BOARDS, BoardSpec
from inventory.load import load_inventory
from tests.browser import Browser, chromium
from tests.grafana.checks import Grafana, RefusedError, imported, problems, shown
from tests.grafana.stand_in import SOURCE, StandIn
from tests.prometheus import prometheus_at

INVENTORY = load_inventory(Path(__file__).parents[2] / "platform.yaml")
OVERVIEW = document(INVENTORY, BOARDS[0], INVENTORY.locale)
TOKEN = "made-up"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real Prometheus that scrapes nothing."""
    root = tmp_path_factory.mktemp("prometheus")
    with prometheus_at(root, {}) as url:
        yield url


@pytest.fixture
def stand_in(prometheus: str) -> StandIn:
    """An empty stand-in before that Prometheus."""
    return StandIn(prometheus, TOKEN)


@pytest.fixture
def server(stand_in: StandIn) -> Iterator[Grafana]:
    """The stand-in, served, and asked with its token."""
    served = make_server("127.0.0.1", 0, stand_in.app, threaded=True)
    served.daemon_threads = True
    thread = threading.Thread(target=served.serve_forever, args=(0.05,))
    thread.start()
    yield Grafana(f"http://127.0.0.1:{served.server_port}", TOKEN)
    served.shutdown()
    thread.join()
    served.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all dashboards."""
    with chromium() as window:
        yield window


def changed(**fields: Any) -> dict[str, Any]:
    """Return the overview with some fields of its document changed."""
    return {**copy.deepcopy(OVERVIEW), **fields}


@pytest.mark.parametrize("spec", BOARDS, ids=[spec.board.value for spec in BOARDS])
def test_every_dashboard_passes(server: Grafana, stand_in: StandIn, spec: BoardSpec) -> None:
    """Each is imported and all its queries are answered by Prometheus; nothing stays behind."""
    board = document(INVENTORY, spec, INVENTORY.locale)
    with server.folder() as folder:
        imported(server, board, folder)
        assert problems(server, INVENTORY, board, server.prometheus()) == []
    assert (stand_in.boards, stand_in.folders) == ({}, set())


def test_a_dashboard_is_looked_at(server: Grafana, browser: Browser, pictures: Path) -> None:
    """The page is opened with the token, all panels are found on it, and the picture is taken."""
    picture = pictures / "stand-in.png"
    with server.folder() as folder:
        uid = imported(server, OVERVIEW, folder)
        shown(server, browser, OVERVIEW, uid, SOURCE, picture)
        with pytest.raises(AssertionError):
            shown(server, browser, OVERVIEW, uid, "another", picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"uid": "not/a/uid"}, "illegal characters"),
        ({"uid": "u" * 41}, "uid too long"),
        ({"title": ""}, "title cannot be empty"),
    ],
)
def test_a_broken_dashboard_is_refused(server: Grafana, fields: dict[str, Any], said: str) -> None:
    """What Grafana would not take fails the check, with Grafana's reason."""
    with server.folder() as folder, pytest.raises(RefusedError, match=said):
        imported(server, changed(**fields), folder)


def test_an_unknown_source_or_folder_fails(server: Grafana) -> None:
    """Neither the wrong data source nor the wrong folder nor the wrong token goes unnoticed."""
    found = problems(server, INVENTORY, OVERVIEW, "another")
    assert len(found) == len(OVERVIEW["panels"])
    assert all("Data source not found" in one for one in found)
    with pytest.raises(RefusedError, match="there is no Prometheus data source another"):
        server.prometheus("another")
    with pytest.raises(RefusedError, match="folder not found"):
        imported(server, OVERVIEW, "another")
    with pytest.raises(RefusedError, match="401"):
        Grafana(server.url, "another").prometheus()


def test_a_query_that_does_not_parse_fails(server: Grafana) -> None:
    """Prometheus' own error reaches the report, with the panel that asked."""
    board = changed()
    panel = board["panels"][0]
    panel["targets"][0]["expr"] = "sum(rate("
    (found,) = problems(server, INVENTORY, board, SOURCE)
    assert found.startswith(panel["title"])
    assert "parse error" in found


def test_a_lost_panel_fails(server: Grafana, stand_in: StandIn) -> None:
    """A panel that Grafana did not keep fails the import's check."""
    with server.folder() as folder:
        kept = stand_in.app.view_functions["_import"]

        def lose(**options: Any) -> Any:
            answer = kept(**options)
            next(iter(stand_in.boards.values()))["panels"].pop()
            return answer

        stand_in.app.view_functions["_import"] = lose
        with pytest.raises(AssertionError):
            imported(server, OVERVIEW, folder)
