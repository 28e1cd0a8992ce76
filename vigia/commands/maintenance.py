"""``vigia maintenance``: begin, prolong, end and show the maintenance window."""

from __future__ import annotations

import argparse
import getpass
import sys
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from catalogue.texts import maintenance as texts
from inventory.durations import parse_duration
from inventory.model import Inventory
from inventory.settings import Settings
from vigia import inventory_file, remote, tables
from vigia.commands import health
from vigia.exits import CommandError, Exit
from vigia.remote import Remote

_POLL = 0.5
_WELL = ("active", "ended")
# A step that the engine holds may be held for long: what is to be seen is said, and left to it.
_PATIENCE = 30.0


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command and its parts."""
    parser = subparsers.add_parser("maintenance", help="the maintenance window")
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    begin = _part(
        parts, "begin", "notice, snapshot, silences, maintenance flag; the engine is held", _begin
    )
    begin.add_argument(
        "--for", dest="seconds", type=_duration, required=True, metavar="DURATION", help="1m to 24h"
    )
    begin.add_argument("--reason", required=True, help="one line; users read it in the notice")
    begin.add_argument(
        "--backup",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="take a snapshot of the data first (default), or take none",
    )
    begin.add_argument("--no-notice", action="store_true", help="tell the users nothing")
    begin.add_argument(
        "--prolong", action="store_true", help="let the active window last so long from now"
    )
    end = _part(parts, "end", "undo what the window did; then show the platform's health", _end)
    end.add_argument("--prometheus", metavar="URL", help="default: the inventory's")
    _part(parts, "status", "what is active, until when, by whom", _status)


def _part(
    parts: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str, run: object
) -> argparse.ArgumentParser:
    parser = parts.add_parser(name, help=text)
    remote.add_options(parser)
    tables.add_option(parser)
    parser.set_defaults(run=run)
    return parser


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _begin(args: argparse.Namespace, settings: Settings) -> int:
    service = Remote(args, settings)
    asked = {
        "seconds": args.seconds,
        "reason": args.reason,
        "notice": not args.no_notice,
        "backup": args.backup,
        "prolong": args.prolong,
        "by": getpass.getuser(),
    }
    service.post("/v1/maintenance", asked)
    found = _follow(service)
    _show(args, inventory_file.load(args, settings), found)
    return Exit.FINE if found["phase"] in _WELL else Exit.UNHEALTHY


def _end(args: argparse.Namespace, settings: Settings) -> int:
    service, inventory = Remote(args, settings), inventory_file.load(args, settings)
    service.post("/v1/maintenance/end", {"by": getpass.getuser()})
    found = _follow(service)
    if args.format == "table":
        # At once: whatever Prometheus says, this is how the window ended.
        _show(args, inventory, found)
    try:
        rows = health.look(inventory, "now", args.prometheus)
    except CommandError:
        if args.format == "json":
            tables.dump({**found, "health": None})
        raise
    if args.format == "json":
        tables.dump({**found, "health": [health.plain(row) for row in rows]})
    else:
        health.show(args, inventory, rows)
    return Exit.UNHEALTHY if found["phase"] not in _WELL else health.verdict(rows)


def _status(args: argparse.Namespace, settings: Settings) -> int:
    inventory = inventory_file.load(args, settings)
    _show(args, inventory, Remote(args, settings).get("/v1/maintenance"))
    return Exit.FINE


def _follow(service: Remote) -> dict[str, Any]:
    """Wait until the window's steps are taken, or one is held back for long."""
    held_since: float | None = None
    with Console(stderr=True).status("") as status:
        while True:
            found: dict[str, Any] = service.get("/v1/maintenance")
            if not found["working"]:
                return found
            running = [s for s in found["window"]["steps"] if s["progress"] == "running"]
            if any(step["detail"] for step in running):
                held_since = held_since or time.monotonic()
                if time.monotonic() - held_since > _PATIENCE:
                    return found
            else:
                held_since = None
            status.update(", ".join(step["step_text"] for step in running))
            time.sleep(_POLL)


def _show(args: argparse.Namespace, inventory: Inventory, found: dict[str, Any]) -> None:
    if args.format == "json":
        tables.dump(found)
        return
    locale, window = inventory.locale, found["window"]
    line = found["phase_text"]
    if window is not None:
        line = texts.STATUS.format(
            locale,
            phase=line,
            by=window["by"],
            reason=window["reason"],
            since=_when(inventory, window["since"]),
            until=_when(inventory, window["until"]),
        )
    sys.stdout.write(line + "\n")
    if found["silences"] is None:
        sys.stdout.write(texts.SILENCES_UNKNOWN.in_(locale) + "\n")
    else:
        sys.stdout.write(texts.SILENCES.format(locale, count=len(found["silences"])) + "\n")
    if window is not None:
        _steps(args, inventory, window["steps"])


def _steps(args: argparse.Namespace, inventory: Inventory, steps: list[dict[str, Any]]) -> None:
    names = {name: text.in_(inventory.locale) for name, text in texts.COLUMNS.items()}
    rows = [
        {
            names["step"]: step["step_text"],
            names["target"]: step["target"],
            names["progress"]: step["progress_text"],
            names["run"]: step["run"],
            names["detail"]: step["detail"],
        }
        for step in steps
    ]
    tables.show(args, rows, list(names.values()))


def _when(inventory: Inventory, at: float) -> str:
    zone = ZoneInfo(inventory.timezone)
    return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M %Z")
