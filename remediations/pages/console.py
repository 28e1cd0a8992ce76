"""Pages for people and probes: console, health, metrics, runbooks. They change nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from catalogue.text import Locale
from catalogue.texts import console as texts
from remediations.ledger.store import Ledger
from remediations.ledger.switches import Switch
from remediations.metrics import render
from remediations.model import Run
from remediations.pages import openapi
from remediations.pages.views import reason_text

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;"
    "color:#1c2430}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem"
    " .6rem;border-bottom:1px solid #dde3ea}.bad{color:#b3261e}.good{color:#1a7f37}"
    "caption{text-align:left;font-weight:600;padding:.6rem 0}pre{white-space:pre-wrap}"
)


def console(
    ledger: Ledger,
    registry: CollectorRegistry,
    locale: Locale,
    version: str,
    runbook: Callable[[str], str | None],
    now: Callable[[], float],
) -> Blueprint:
    """Return the blueprint; ``runbook(alert)`` returns a runbook's text."""
    pages = Blueprint("console", __name__)

    @pages.get("/")
    def _index() -> ResponseReturnValue:
        try:
            runs = ledger.facts.runs(limit=50)
            paused = ledger.switches.get(Switch.PAUSE, now()).engaged
        except SQLAlchemyError:
            return Response(texts.LEDGER_AWAY.in_(locale) + "\n", 503, mimetype="text/plain")
        return _page(
            texts.TITLE.in_(locale), _status(paused, locale) + _table(runs, locale), locale
        )

    @pages.get("/metrics")
    def _metrics() -> ResponseReturnValue:
        body, content_type = render(registry, request.headers.get("Accept", ""))
        return Response(body, content_type=content_type)

    @pages.get("/-/healthy")
    def _healthy() -> ResponseReturnValue:
        return Response("Vigia remediations is healthy.\n", mimetype="text/plain")

    @pages.get("/-/ready")
    def _ready() -> ResponseReturnValue:
        try:
            ledger.facts.answers()
        except SQLAlchemyError:
            return Response("the ledger does not answer\n", 503, mimetype="text/plain")
        return Response("Vigia remediations is ready.\n", mimetype="text/plain")

    @pages.get("/openapi.json")
    def _openapi() -> ResponseReturnValue:
        return jsonify(openapi.document(version))

    @pages.get("/runbooks/<alert>")
    def _runbook(alert: str) -> ResponseReturnValue:
        text = runbook(alert)
        if text is None:
            abort(404)
        return _page(alert, f"<pre>{escape(text)}</pre>", locale)

    return pages


def _page(title: str, body: str, locale: Locale) -> Response:
    return Response(
        f'<!doctype html><html lang="{locale}"><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(title)}</h1>{body}</html>",
        mimetype="text/html",
    )


def _status(paused: bool, locale: Locale) -> str:  # noqa: FBT001 one fact, one name
    text, kind = (texts.PAUSED, "bad") if paused else (texts.ACTING, "good")
    return f'<p class="{kind}">{escape(text.in_(locale))}</p>'


def _table(runs: list[Run], locale: Locale) -> str:
    if not runs:
        return f"<p>{escape(texts.NO_RUNS.in_(locale))}</p>"
    heads = "".join(f'<th scope="col">{escape(h.in_(locale))}</th>' for h in texts.COLUMNS)
    rows = "".join(_row(run, locale) for run in runs)
    caption = escape(texts.RUNS.in_(locale))
    return f"<table><caption>{caption}</caption><tr>{heads}</tr>{rows}</table>"


def _row(run: Run, locale: Locale) -> str:
    opened = datetime.fromtimestamp(run.created_at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    ended = run.outcome.value if run.outcome else run.state.value
    diff = run.plan.diff[0] if run.plan else ""
    cells = (
        opened,
        run.id,
        run.alert.get("alertname", ""),
        f"{run.action} → {run.target}",
        ended,
        reason_text(run.reason, locale) or "",
        diff,
    )
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
