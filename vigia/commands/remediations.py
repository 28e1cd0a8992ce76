"""``vigia remediations``: the write side, and everything a person asks of it."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

import alerts.generate
from alerts.packs import PlaybookError
from inventory.model import Inventory
from inventory.settings import Settings
from remediations.app import MAX_BODY, RemediationsApp
from storage.database import DatabaseError
from vigia import following, inventory_file, remote, serving, tables
from vigia.exits import INTERRUPTED, CommandError, Exit
from vigia.following import Follower, refusal, show_plan
from vigia.remote import Remote
from web.config import WebConfig
from web.errors import WebError

_PARTS = {
    "steps": ("at", "purpose", "number", "service", "operation", "state", "attempts", "error"),
    "samples": ("at", "verdict"),
    "history": ("at", "kind", "by", "reason", "detail"),
}
_COLUMNS = ("id", "action", "target", "state", "outcome", "since", "reason_text", "alert")


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command and its parts."""
    parser = subparsers.add_parser("remediations", help="act on alerts; look at and steer runs")
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    _add_serve(parts)
    listing = _part(parts, "list", "runs, newest first", _list)
    listing.add_argument("--open", action="store_true", help="only those that are not closed")
    for name, text, what in (
        ("show", "one run in full", _show),
        ("follow", "one run until it is closed", _follow),
        ("reject", "refuse a run's plan", _end),
        ("cancel", "end a run that has not acted", _end),
    ):
        _part(parts, name, text, what).add_argument("id")
    approve = _part(parts, "approve", "approve a run's plan, which is shown", _approve)
    approve.add_argument("id")
    approve.add_argument(
        "--plan-hash", metavar="HASH", help="only the plan that was seen ('show' prints it)"
    )
    _part(parts, "why", "why an alert was or was not acted on", _why).add_argument("fingerprint")
    for name, text in (("pause", "engage the kill switch"), ("resume", "release the kill switch")):
        _part(parts, name, text, _switch).add_argument("--reason", default="")


def _add_serve(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = parts.add_parser("serve", help="serve Alertmanager's webhook and run the engine")
    inventory_file.add_option(parser)
    serving.add_options(parser, "127.0.0.1:9911")
    parser.add_argument("--database-url", help="the ledger (default: SQLite in VIGIA_STATE_DIR)")
    parser.set_defaults(run=_serve)


def _part(
    parts: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str, run: object
) -> argparse.ArgumentParser:
    parser = parts.add_parser(name, help=text)
    remote.add_options(parser)
    tables.add_option(parser)
    parser.set_defaults(run=run)
    return parser


def _serve(args: argparse.Namespace, settings: Settings) -> int:
    if args.database_url:
        settings = settings.with_database(args.database_url)
    inventory = inventory_file.load(args, settings)
    if settings.client_certificates:
        _need_certificates(args.web_config)
    try:
        app = RemediationsApp(settings, inventory, runbook=_Runbooks(inventory).read)
    except (DatabaseError, PlaybookError) as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    except SQLAlchemyError as error:
        raise CommandError(Exit.UNREACHABLE, "the ledger's database does not answer") from error
    return serving.serve(args, app.wsgi, app.start, app.stop, max_body=MAX_BODY)


def _need_certificates(file: Path | None) -> None:
    """Refuse to let certificates stand for tokens where TLS asks for none."""
    try:
        tls = WebConfig.read(file).tls if file is not None else None
    except WebError as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    if tls is None or tls.client_ca_file is None:
        wants = "client_auth_type and client_ca_file in --web.config.file"
        raise CommandError(Exit.USAGE, f"VIGIA_CLIENT_CERTIFICATES needs {wants}")


class _Runbooks:
    """The generated runbooks in the inventory's language, by alert."""

    def __init__(self, inventory: Inventory) -> None:
        self._texts = {
            Path(name).stem: text
            for name, text in alerts.generate.files(inventory).items()
            if Path(name).suffix == ".md" and Path(name).parent.name == inventory.locale
        }

    def read(self, alert: str) -> str | None:
        return self._texts.get(alert)


def _list(args: argparse.Namespace, settings: Settings) -> int:
    runs = Remote(args, settings).get("/v1/runs", open=str(args.open).lower())["runs"]
    return _tell(args, runs)


def _tell(args: argparse.Namespace, runs: Sequence[Mapping[str, Any]]) -> int:
    if args.format == "json":
        tables.dump(list(runs))
    else:
        tables.show(args, [{**run, "since": _time(run["updated_at"])} for run in runs], _COLUMNS)
    return Exit.FINE


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _show(args: argparse.Namespace, settings: Settings) -> int:
    found = Remote(args, settings).get(f"/v1/runs/{args.id}")
    if args.format == "json":
        tables.dump(found)
        return Exit.FINE
    _tell(args, [found])
    sys.stdout.write(f"{found['text']}\n")
    _show_plan(found)
    for part, columns in _PARTS.items():
        if found[part]:
            rows = [
                {**row, "at": _time(row.get("at") or row["intended_at"])} for row in found[part]
            ]
            tables.show(args, rows, columns)
    return Exit.FINE


def _show_plan(found: Mapping[str, Any]) -> None:
    if found["plan"] is not None:
        sys.stdout.write(f"{found['id']}: plan {found['plan_hash']}\n")
        show_plan(found, sys.stdout)


def _follow(args: argparse.Namespace, settings: Settings) -> int:
    follower = Follower(Remote(args, settings), args.id)
    try:
        found = follower.until(lambda run: run["state"] == "closed")
    except KeyboardInterrupt:
        sys.stderr.write(f"vigia: {follower.goes_on()}\n")
        return INTERRUPTED
    tables.show(args, [found], following.COLUMNS)
    well = found["outcome"] == "succeeded" or found["reason"] == "shadow"
    return Exit.FINE if well else refusal(found)


def _approve(args: argparse.Namespace, settings: Settings) -> int:
    service = Remote(args, settings)
    seen = service.get(f"/v1/runs/{args.id}")
    if args.plan_hash is None:
        # What is approved is what is shown here: a plan made anew meanwhile has another hash.
        for line in (*(seen["plan"] or {}).get("diff", ()), *(seen["plan"] or {}).get("notes", ())):
            sys.stderr.write(f"{line}\n")
    digest = args.plan_hash or seen["plan_hash"]
    if digest is None:
        raise CommandError(Exit.UNHEALTHY, f"{args.id} has no plan to approve")
    asked = {"plan_hash": digest, "by": getpass.getuser()}
    return _tell(args, [service.post(f"/v1/runs/{args.id}/approve", asked)])


def _end(args: argparse.Namespace, settings: Settings) -> int:
    asked = {"by": getpass.getuser()}
    answer = Remote(args, settings).post(f"/v1/runs/{args.id}/{args.part}", asked)
    return _tell(args, [answer])


def _why(args: argparse.Namespace, settings: Settings) -> int:
    document = Remote(args, settings).get(f"/v1/why/{args.fingerprint}")
    if args.format == "json":
        tables.dump(document)
        return Exit.FINE
    for line in document["answer"]:
        sys.stdout.write(f"{line}\n")
    tables.show(
        args,
        [{**one, "at": _time(one["received_at"])} for one in document["deliveries"]],
        ("at", "status", "decision", "text", "run_id"),
    )
    held = [
        {**one, "run": run["id"], "at": _time(one["at"])}
        for run in document["runs"]
        for one in run["blocks"]
    ]
    if held:
        tables.show(args, held, ("run", "at", "reason_text", "detail"))
    for run in document["runs"]:
        _show_plan(run)
    return _tell(args, document["runs"]) if document["runs"] else Exit.FINE


def _switch(args: argparse.Namespace, settings: Settings) -> int:
    asked = {"by": getpass.getuser(), "reason": args.reason}
    answer = Remote(args, settings).post(f"/v1/{args.part}", asked)
    tables.show(args, [answer], ("paused",))
    return Exit.FINE
