"""Whatever is sent: no internal error, answers as described, runs in states of the table alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from bench import storm
from inventory.load import load_inventory
from remediations.app import RemediationsApp
from remediations.pages.openapi import document
from tests.remediations.observed import Observed
from tests.remediations.service import AUTH, made
from tests.remediations.test_intake import ALERTS, JSON
from web.security import Guesses

ROOT = Path(__file__).resolve().parents[2]
FEW = settings(
    max_examples=15,
    deadline=None,
    # The same requests in every run: what fails here fails for whoever looks into it.
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)


class Late:
    """The service's description before there is a service, and then the service."""

    app: WSGIApplication | None = None

    @staticmethod
    def described() -> dict[str, Any]:
        """Return the description."""
        return document("test")

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer as a WSGI application."""
        if self.app is not None:
            return self.app(environ, start)
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(self.described()).encode()]


LATE = Late()
ASKING = storm.alert(1, "lambda_router")
"""An alert that a run is opened for."""
OBSERVED: dict[RemediationsApp, Observed] = {}
SCHEMA = schemathesis.openapi.from_wsgi("/openapi.json", LATE)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemediationsApp]:
    """A service whose engine works when the test says so; nothing else answers."""
    inventory = load_inventory(ROOT / "platform.yaml")
    with pytest.MonkeyPatch.context() as patch:
        # The fuzzer tries wrong tokens too, and expects to hear each time that they are wrong.
        patch.setattr("remediations.pages.api.Guesses", partial(Guesses, limit=1_000_000))
        service = made(inventory, tmp_path_factory.mktemp("fuzz"))
    LATE.app = service.wsgi
    OBSERVED[service] = Observed(service.ledger.engine)
    yield service
    LATE.app = None
    assert OBSERVED.pop(service).moves
    service.stop()


def _lawful(app: RemediationsApp) -> None:
    """Let the engine work on all that was opened; every change of a run is as the tables allow."""
    for _ in range(5):
        app.engine.step()
    assert OBSERVED[app].problems() == []


@SCHEMA.parametrize()
@FEW
def test_every_operation_answers_as_described(
    app: RemediationsApp, case: schemathesis.Case
) -> None:
    """Generated requests, right and wrong ones, get the answers that the description promises."""
    case.call_and_validate(headers=AUTH)
    _lawful(app)


_TEXT = st.text(max_size=20) | st.sampled_from(["", "\0", "../../etc", "{{ x }}", "$(reboot)"])


@FEW
@given(
    st.dictionaries(st.sampled_from(["version", "alerts", "truncatedAlerts", "x"]), JSON)
    | st.fixed_dictionaries(
        {
            "version": st.just("4"),
            "alerts": st.lists(ALERTS, max_size=3),
            "truncatedAlerts": st.integers(-1, 3),
        }
    )
    | JSON
)
@example({"version": "4", "alerts": [ASKING]})
def test_any_webhook_is_recorded_or_refused(app: RemediationsApp, sent: Any) -> None:
    """Whatever JSON is delivered, it is 202 and every alert is counted, or 400 in one line."""
    answer = app.wsgi.test_client().post("/v1/alerts", data=json.dumps(sent), headers=AUTH)
    said = answer.json or {}
    if answer.status_code == 400:
        assert set(said) == {"error"}
        assert "\n" not in said["error"]
    else:
        assert answer.status_code == 202
        assert sum(n for name, n in said.items() if name != "runs") == len(sent["alerts"])
    _lawful(app)


@FEW
@given(st.binary(max_size=60) | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_refused(app: RemediationsApp, sent: bytes) -> None:
    """What is not JSON is refused everywhere that takes a body, and nothing has happened."""
    client = app.wsgi.test_client()
    for path in ("/v1/alerts", "/v1/pause", "/v1/runs/x/approve", "/v1/actions/pause_processing"):
        if sent.strip() and not _is_json(sent):
            assert client.post(path, data=sent, headers=AUTH).status_code == 400
    _lawful(app)


def _is_json(sent: bytes) -> bool:
    try:
        json.loads(sent)
    except ValueError:
        return False
    return True


@FEW
@given(_TEXT, _TEXT)
def test_any_name_in_a_path_is_known_or_unknown(app: RemediationsApp, name: str, by: str) -> None:
    """Ids with any characters are 404 or a name we know; nothing is interpreted."""
    client = app.wsgi.test_client()
    quoted = quote(name, safe="")
    for method, path in (
        ("GET", f"/v1/runs/{quoted}"),
        ("POST", f"/v1/runs/{quoted}/cancel"),
        ("GET", f"/v1/why/{quoted}"),
        ("POST", f"/v1/actions/{quoted}"),
        ("GET", f"/why/{quoted}"),
        ("GET", f"/runbooks/{quoted}"),
    ):
        sent = {"by": by} if method == "POST" else None
        answer = client.open(path, method=method, json=sent, headers=AUTH)
        assert answer.status_code in (200, 308, 404, 405), path
