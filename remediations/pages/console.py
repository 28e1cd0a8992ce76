"""Pages for people and probes: console, health, metrics, runbooks. They change nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from markdown_it import MarkdownIt
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from catalogue.text import Locale, Text
from catalogue.texts import console as texts
from catalogue.texts import why as why_texts
from remediations.ledger.store import Ledger
from remediations.ledger.switches import Switch
from remediations.metrics import render
from remediations.model import Run
from remediations.pages import openapi
from remediations.pages.views import why_document
from remediations.pages.why import reason_text, standing

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;"
    "color:#1c2430}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem"
    " .6rem;border-bottom:1px solid #dde3ea}.bad{color:#b3261e}.good{color:#1a7f37}"
    "td{vertical-align:top}.fixed{white-space:nowrap}"
    "caption{text-align:left;font-weight:600;padding:.6rem 0}pre{white-space:pre-wrap}"
    "pre,code{background:#f3f5f8;border-radius:.2rem}pre{padding:.6rem}code{padding:0 .2rem}"
    "pre code{padding:0}"
)
_UNBROKEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ|r-\w+")
_GENERATED = re.compile(r"\A<!--.*?-->\s*", re.DOTALL)


def console(  # noqa: C901 one small function for each route, over the same dependencies
    ledger: Ledger,
    registry: CollectorRegistry,
    locale: Locale,
    version: str,
    runbook: Callable[[str], str | None],
    now: Callable[[], float],
) -> Blueprint:
    """Return the blueprint; ``runbook(alert)`` returns a runbook's text."""
    pages = Blueprint("console", __name__)

    @pages.errorhandler(SQLAlchemyError)
    def _ledger_away(_error: SQLAlchemyError) -> ResponseReturnValue:
        return Response(texts.LEDGER_AWAY.in_(locale) + "\n", 503, mimetype="text/plain")

    @pages.get("/")
    def _index() -> ResponseReturnValue:
        runs = ledger.facts.runs(limit=50)
        paused = ledger.switches.get(Switch.PAUSE, now()).engaged
        return _page(
            texts.TITLE.in_(locale), _status(paused, locale) + _table(runs, locale), locale
        )

    @pages.get("/why/<fingerprint>")
    def _why(fingerprint: str) -> ResponseReturnValue:
        found = why_document(ledger, fingerprint, locale)
        if found is None:
            abort(404, why_texts.NEVER.in_(locale))
        return _page(why_texts.TITLE.in_(locale), _reasons(found, locale), locale)

    @pages.get("/metrics")
    def _metrics() -> ResponseReturnValue:
        body, content_type = render(registry, request.headers.get("Accept", ""))
        return Response(body, content_type=content_type)

    @pages.get("/-/healthy")
    def _healthy() -> ResponseReturnValue:
        return Response("Vigia remediations is healthy.\n", mimetype="text/plain")

    @pages.get("/-/ready")
    def _ready() -> ResponseReturnValue:
        ledger.facts.answers()
        return Response("Vigia remediations is ready.\n", mimetype="text/plain")

    @pages.get("/openapi.json")
    def _openapi() -> ResponseReturnValue:
        return jsonify(openapi.document(version))

    @pages.get("/runbooks/<alert>")
    def _runbook(alert: str) -> ResponseReturnValue:
        text = runbook(alert)
        if text is None:
            abort(404)
        # Its own heading is the page's; HTML in it, which no runbook has, would stay text.
        body = MarkdownIt("commonmark", {"html": False}).render(_GENERATED.sub("", text))
        return _document(alert, body, locale)

    return pages


def _page(title: str, body: str, locale: Locale) -> Response:
    return _document(title, f"<h1>{escape(title)}</h1>{body}", locale)


def _document(title: str, body: str, locale: Locale) -> Response:
    return Response(
        f'<!doctype html><html lang="{locale}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{body}</html>",
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


def _reasons(found: Mapping[str, Any], locale: Locale) -> str:
    answer = "".join(f"<p><strong>{escape(line)}</strong></p>" for line in found["answer"])
    labels = ", ".join(f'{name}="{value}"' for name, value in sorted(found["alert"].items()))
    delivered = [
        (_time(row["received_at"]), row["status"], row["text"], row["run_id"] or "")
        for row in reversed(found["deliveries"])
    ]
    more = found["deliveries_total"] - len(delivered)
    rest = why_texts.MORE.format(locale, count=more) if more > 0 else ""
    heading = escape(why_texts.LABELS.in_(locale))
    return (
        f"{answer}<p>{heading}: <code>{escape(labels)}</code></p>"
        + _cells(why_texts.DELIVERIES, why_texts.COLUMNS, delivered, locale)
        + f"<p>{escape(rest)}</p>"
        + "".join(_run_reasons(run, locale) for run in found["runs"])
    )


def _run_reasons(run: Mapping[str, Any], locale: Locale) -> str:
    held = [
        f"<li>{_time(one['at'])} {escape(one['reason_text'] or '')} ({escape(one['detail'] or '')})"
        for one in run["blocks"]
    ]
    plan = "\n".join((run["plan"] or {}).get("diff", ()))
    return (
        f"<h2>{escape(run['id'])}</h2><p>{escape(run['text'])}</p>"
        + (f"<p>{escape(why_texts.BLOCKS.in_(locale))}</p><ul>{''.join(held)}</ul>" if held else "")
        + (f"<p>{escape(why_texts.PLAN.in_(locale))}</p><pre>{escape(plan)}</pre>" if plan else "")
    )


def _cells(
    caption: Text, columns: Sequence[Text], rows: Iterable[Sequence[str]], locale: Locale
) -> str:
    heads = "".join(f'<th scope="col">{escape(column.in_(locale))}</th>' for column in columns)
    lines = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    name = escape(caption.in_(locale))
    return f"<table><caption>{name}</caption><tr>{heads}</tr>{lines}</table>"


def _cell(text: str) -> str:
    return f"<td{_fixed(text)}>{escape(text)}</td>"


def _fixed(text: str) -> str:
    # A time or an id that wraps cannot be read at a glance, nor marked to be copied.
    return ' class="fixed"' if _UNBROKEN.fullmatch(text) else ""


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _row(run: Run, locale: Locale) -> str:
    # Since when it stands there: for a run that a guard holds, when it was held.
    since = _time(run.updated_at)
    cells = (
        _time(run.created_at),
        run.id,
        run.alert.get("alertname", ""),
        f"{run.action} → {run.target}",
        f"{standing(run, locale)} ({since})",
        " ".join(filter(None, (reason_text(run.reason, locale), run.detail))),
        run.plan.diff[0] if run.plan else "",
    )
    shown = [_cell(str(cell)) for cell in cells]
    link = f'<a href="/why/{quote(run.fingerprint, safe="")}">{escape(run.id)}</a>'
    shown[1] = f"<td{_fixed(run.id)}>{link}</td>"
    return "<tr>" + "".join(shown) + "</tr>"
