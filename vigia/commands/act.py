"""``vigia act``: one action by hand, through the same engine, guards and ledger."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import time
from typing import Any

from rich.console import Console
from rich.prompt import Confirm

from inventory.settings import Settings
from vigia import remote, tables
from vigia.exits import CommandError, Exit
from vigia.remote import Remote

_POLL = 0.5
_COLUMNS = ("id", "action", "target", "state", "outcome", "reason_text", "detail")
_BEFORE_PLAN = ("ready",)
_GOOD = ("succeeded",)


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "act", help="one action by hand, through the same engine, guards and ledger"
    )
    remote.add_options(parser)
    tables.add_option(parser)
    parser.add_argument("action", nargs="?", help="its name; see --list")
    parser.add_argument("--list", action="store_true", help="the actions and their targets")
    parser.add_argument("--target", metavar="NAME", help="needed where there are several")
    parser.add_argument(
        "--param", action="append", default=[], type=_param, metavar="K=V", help="V is JSON or text"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan, change nothing")
    parser.add_argument("--yes", action="store_true", help="approve the plan without being asked")
    parser.set_defaults(run=run)


def _param(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"'{text}' is not KEY=VALUE")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Ask for the action, show its plan, approve it if the person does, and follow it."""
    service = Remote(args, settings)
    if args.list:
        rows = [
            {**one, "targets": ", ".join(one["targets"]), "params": ", ".join(one["params"])}
            for one in service.get("/v1/actions")["actions"]
        ]
        tables.show(args, rows, ("name", "risk", "targets", "params"))
        return Exit.FINE
    if args.action is None:
        raise CommandError(Exit.USAGE, "name an action, or use --list")
    asked = {
        "target": args.target,
        "params": dict(args.param),
        "dry_run": args.dry_run,
        "by": getpass.getuser(),
    }
    opened = service.post(f"/v1/actions/{args.action}", asked)
    try:
        return _follow(args, service, str(opened["id"]))
    except KeyboardInterrupt:
        # The run is the service's: it goes on, and can be followed or cancelled.
        sys.stderr.write(f"vigia: {opened['id']} goes on; 'vigia remediations show' follows it\n")
        return 130


def _follow(args: argparse.Namespace, service: Remote, run_id: str) -> int:
    found = _until(service, run_id, lambda state: state not in _BEFORE_PLAN)
    if found["state"] == "blocked":
        tables.show(args, [found], _COLUMNS)
        raise CommandError(Exit.UNHEALTHY, f"{run_id} is held: {found['reason_text']}")
    if found["state"] == "awaiting_approval":
        _show_plan(found)
        if not args.yes and not _agreed():
            service.post(f"/v1/runs/{run_id}/reject", {"by": getpass.getuser()})
            raise CommandError(Exit.UNHEALTHY, f"{run_id} was rejected; nothing was changed")
        approval = {"plan_hash": found["plan_hash"], "by": getpass.getuser()}
        service.post(f"/v1/runs/{run_id}/approve", approval)
        found = _until(service, run_id, lambda state: state in ("closed", "blocked"))
    elif found["plan"] is not None and args.dry_run:
        _show_plan(found)
    tables.show(args, [found], _COLUMNS)
    good = found["outcome"] in _GOOD or (args.dry_run and found["plan"] is not None)
    return Exit.FINE if good else Exit.UNHEALTHY


def _until(service: Remote, run_id: str, reached: Any) -> dict[str, Any]:
    """Follow the run; say on a terminal how far its calls have come."""
    with Console(stderr=True).status("") as status:
        while True:
            found: dict[str, Any] = service.get(f"/v1/runs/{run_id}")
            if reached(found["state"]):
                return found
            done = sum(step["state"] == "done" for step in found["steps"])
            status.update(f"{run_id}: {found['state']}, {done} calls made")
            time.sleep(_POLL)


def _show_plan(found: dict[str, Any]) -> None:
    out = Console(file=sys.stderr, highlight=False)
    for line in found["plan"]["diff"]:
        out.print(line, markup=False)
    for note in found["plan"]["notes"]:
        out.print(f"! {note}", markup=False)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise CommandError(Exit.USAGE, "nobody is there to ask: give --yes or --dry-run")
    return Confirm.ask("?", console=Console(stderr=True), default=False)
