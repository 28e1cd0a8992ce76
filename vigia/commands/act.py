"""``vigia act``: one action by hand, through the same engine, guards and ledger."""

from __future__ import annotations

import argparse
import getpass
import json
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.prompt import Confirm

from inventory.settings import Settings
from vigia import remote, tables
from vigia.exits import INTERRUPTED, CommandError, Exit
from vigia.following import COLUMNS, Follower, because, refusal, show_plan
from vigia.remote import Remote

_STANDS = ("closed", "blocked", "awaiting_approval")
_WITHDRAWN = {"reject": "rejected", "cancel": "cancelled"}


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
    """Ask for the action, show its plan, approve it if the person does, and follow it.

    Whatever ends the command before the approval also ends the run that it opened.
    """
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
    mine: _Opened | None = None
    try:
        with _undisturbed():
            mine = _Opened(service, _open(args, service))
        return _show(args, mine) if args.dry_run else _act(args, mine)
    except KeyboardInterrupt:
        if mine is not None:
            sys.stderr.write(f"vigia: {mine.leave()}\n")
        return INTERRUPTED
    except CommandError as error:
        if mine is None or mine.over:
            raise
        raise CommandError(error.code, *error.lines, mine.leave()) from error


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait for the service's answer: else nobody knows whether it was done."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _open(args: argparse.Namespace, service: Remote) -> str:
    asked = {
        "target": args.target,
        "params": dict(args.param),
        "dry_run": args.dry_run,
        "by": getpass.getuser(),
    }
    return str(service.post(f"/v1/actions/{args.action}", asked, missing=Exit.USAGE)["id"])


class _Opened(Follower):
    """The run that the command opened. ``over``: it was said what became of it, or it is closed."""

    approved = False
    over = False

    def until(self, reached: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
        """Return the run once it is as ``reached`` wants it."""
        found = super().until(reached)
        self.over = found["state"] == "closed"
        return found

    def approve(self, plan_hash: str) -> None:
        """Approve the plan that was shown."""
        approval = {"plan_hash": plan_hash, "by": getpass.getuser()}
        self.service.post(f"/v1/runs/{self.run_id}/approve", approval)
        self.approved = True

    def leave(self) -> str:
        """Say that the run goes on, or take it back if nobody has approved it."""
        return self.goes_on() if self.approved else self.withdraw("cancel")

    def withdraw(self, how: str) -> str:
        """Reject or cancel the run, which has not acted; say what became of it."""
        self.over = True
        try:
            self.service.post(f"/v1/runs/{self.run_id}/{how}", {"by": getpass.getuser()})
        except CommandError as error:
            why = "; ".join(error.lines)
            return f"{why}; 'vigia remediations show {self.run_id}' says how it stands"
        return f"{self.run_id} was {_WITHDRAWN[how]}; nothing was changed"


def _show(args: argparse.Namespace, mine: _Opened) -> int:
    """Print what the action would do, or why it would do nothing."""
    found = mine.until(lambda run: run["state"] == "closed")
    if found["plan"] is not None:
        show_plan(found)
    tables.show(args, [found], COLUMNS)
    if found["reason"] == "shadow":
        return Exit.FINE
    raise CommandError(refusal(found), f"nothing would be done: {because(found)}")


def _act(args: argparse.Namespace, mine: _Opened) -> int:
    """Have the plan approved, and follow the run to its end or to what holds it."""
    found = mine.until(lambda run: run["state"] in _STANDS)
    if found["state"] == "awaiting_approval":
        _agree(args, mine, found)
        found = mine.until(lambda run: run["state"] in _STANDS)
    tables.show(args, [found], COLUMNS)
    if found["state"] == "closed":
        return Exit.FINE if found["outcome"] == "succeeded" else refusal(found)
    # Whatever was approved is void where the plan is made anew: nobody has seen the new one.
    mine.approved = found["approved_by"] is not None
    raise CommandError(refusal(found), f"{mine.run_id} is held: {because(found)}")


def _agree(args: argparse.Namespace, mine: _Opened, found: Mapping[str, Any]) -> None:
    """Show the plan and approve it if the person does, else reject it."""
    show_plan(found)
    if not args.yes and not sys.stdin.isatty():
        ask = "nobody is there to ask, give --yes or --dry-run"
        raise CommandError(Exit.USAGE, f"{mine.withdraw('reject')}: {ask}")
    if not args.yes and not _agreed():
        raise CommandError(Exit.UNHEALTHY, mine.withdraw("reject"))
    with _undisturbed():
        mine.approve(found["plan_hash"])


def _agreed() -> bool:
    console = Console(stderr=True)
    try:
        return Confirm.ask("Approve?", console=console, default=False)
    except EOFError:
        console.print()
        return False
