"""``/v1/maintenance``: begin, prolong and end the maintenance window, and say how it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from catalogue.text import Locale
from catalogue.texts import maintenance as texts
from remediations import silences
from remediations.action import UnavailableError
from remediations.alertmanager import Alertmanager
from remediations.ledger.windows import CLOSED, WORKING, Window
from remediations.maintenance import Asked, Maintenance, MaintenanceError
from remediations.pages.answers import asked_by, body, problem
from remediations.pages.views import reason_text


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
        document = body()
        asked = _asked(document)
        if asked is None:
            return problem(
                400,
                "seconds must be a number, reason a text, notice, backup and prolong true or false",
            )
        act = maintenance.prolong if document.get("prolong") else maintenance.begin
        act(asked, asked_by(document))
        wake()
        return answer(202)

    @pages.post("/maintenance/end")
    def _end() -> ResponseReturnValue:
        maintenance.end(asked_by(body()))
        wake()
        return answer(202)

    @pages.errorhandler(MaintenanceError)
    def _not_now(error: MaintenanceError) -> ResponseReturnValue:
        return problem(409, str(error))


def _asked(document: Any) -> Asked | None:
    seconds, reason = document.get("seconds"), document.get("reason", "")
    options = [
        document.get(name, default) for name, default in (("notice", True), ("backup", False))
    ]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    if not isinstance(reason, str) or not all(
        isinstance(one, bool) for one in (*options, document.get("prolong", False))
    ):
        return None
    return Asked(float(seconds), reason, *options)


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
