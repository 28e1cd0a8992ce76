"""``/v1/maintenance``: begin, prolong and end the maintenance window, and say how it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from pydantic import AfterValidator, Field

from catalogue.text import Locale
from catalogue.texts import maintenance as texts
from remediations import silences
from remediations.action import UnavailableError
from remediations.alertmanager import Alertmanager
from remediations.ledger.windows import CLOSED, WORKING, Phase, Progress, Window
from remediations.maintenance import (
    LONGEST,
    REASON_LIMIT,
    SHORTEST,
    Asked,
    Maintenance,
    MaintenanceError,
)
from remediations.pages import answers
from remediations.pages.answers import body, problem
from remediations.pages.schemas import NUMBER, TEXT, Schema, array, exactly, maybe, one_of
from remediations.pages.why import reason_text


def _length(seconds: float) -> float:
    if not SHORTEST <= seconds <= LONGEST:
        raise ValueError("a window lasts from 1m to 24h")
    return seconds


_Length = Annotated[
    float,
    AfterValidator(_length),
    Field(json_schema_extra={"minimum": SHORTEST, "maximum": LONGEST}),
]


class Opening(answers.Asked):
    """A window that is asked for: how long, why, and what to leave out."""

    seconds: _Length
    reason: Annotated[str, Field(min_length=1, max_length=REASON_LIMIT)]
    notice: bool = True
    backup: bool = True
    prolong: bool = False


WINDOW: Schema = exactly(
    active={"type": "boolean"},
    working={"type": "boolean"},
    phase={"type": "string", "enum": ["none", *(phase.value for phase in Phase)]},
    phase_text=TEXT,
    engine_held_until=maybe(NUMBER),
    window=maybe(
        exactly(
            id=TEXT,
            by=TEXT,
            reason=TEXT,
            since=NUMBER,
            until=NUMBER,
            ended_by=maybe(TEXT),
            steps=array(
                exactly(
                    step=TEXT,
                    step_text=TEXT,
                    target=maybe(TEXT),
                    progress=one_of(Progress),
                    progress_text=TEXT,
                    run=maybe(TEXT),
                    detail=maybe(TEXT),
                )
            ),
        )
    ),
    silences=maybe(array(exactly(id=TEXT, ends_at=TEXT, comment=TEXT))),
    silences_error=maybe(TEXT),
)
"""How a window stands, as ``GET /v1/maintenance`` answers."""


def add_maintenance(
    pages: Blueprint,
    maintenance: Maintenance,
    alertmanager: Alertmanager,
    locale: Locale,
    wake: Callable[[], None],
) -> None:
    """Add ``/maintenance`` to ``pages``, which authenticates."""

    def answer(status: int) -> ResponseReturnValue:
        found = jsonify(_document(maintenance, alertmanager, locale))
        found.status_code = status
        return found

    @pages.get("/maintenance")
    def _status() -> ResponseReturnValue:
        return answer(200)

    @pages.post("/maintenance")
    def _begin() -> ResponseReturnValue:
        wish = body(Opening)
        asked = Asked(wish.seconds, wish.reason, wish.notice, wish.backup)
        act = maintenance.prolong if wish.prolong else maintenance.begin
        act(asked, wish.by)
        wake()
        return answer(202)

    @pages.post("/maintenance/end")
    def _end() -> ResponseReturnValue:
        maintenance.end(body(answers.Asked).by)
        wake()
        return answer(202)

    @pages.errorhandler(MaintenanceError)
    def _not_now(error: MaintenanceError) -> ResponseReturnValue:
        return problem(409, str(error))


def _document(
    maintenance: Maintenance, alertmanager: Alertmanager, locale: Locale
) -> dict[str, Any]:
    window = maintenance.newest()
    document: dict[str, Any] = {
        "active": window is not None and window.phase not in CLOSED,
        "working": window is not None and window.phase in WORKING,
        "phase": "none" if window is None else window.phase.value,
        "engine_held_until": maintenance.held_until(),
        "window": None if window is None else _window(window, locale),
        "silences": None,
        "silences_error": None,
    }
    document["phase_text"] = texts.PHASES[document["phase"]].in_(locale)
    try:
        document["silences"] = [
            {"id": one["id"], "ends_at": one["endsAt"], "comment": one["comment"]}
            for one in silences.held(alertmanager)
        ]
    except UnavailableError as error:
        document["silences_error"] = error.detail
    return document


def _window(window: Window, locale: Locale) -> dict[str, Any]:
    return {
        "id": window.id,
        "by": window.by,
        "reason": window.reason,
        "since": window.since,
        "until": window.until,
        "ended_by": window.ended_by,
        "steps": [
            {
                "step": part.name,
                "step_text": texts.PARTS[part.name].in_(locale),
                "target": part.target,
                "progress": part.progress.value,
                "progress_text": texts.PROGRESS[part.progress.value].in_(locale),
                "run": part.run,
                "detail": reason_text(part.detail, locale),
            }
            for part in window.parts
        ],
    }
