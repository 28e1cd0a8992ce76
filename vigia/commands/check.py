"""``vigia check``: is the inventory right, and can what it names be read?"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from alerts.packs import PlaybookError, packs
from exporter import diagnosis, iam
from exporter.app import ExporterApp, find_collectors
from exporter.diagnosis import Finding, State
from inventory.model import Inventory
from inventory.settings import Settings
from remediations.app import all_actions
from remediations.asking import playbook_problems
from vigia import inventory_file, tables
from vigia.exits import Exit
from vigia.progress import progress

_COLUMNS = ("check", "subject", "state", "detail")


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "check", help="validate the inventory, then credentials, permissions and resources"
    )
    inventory_file.add_option(parser)
    tables.add_option(parser)
    parser.add_argument(
        "--offline", action="store_true", help="the inventory file alone: ask AWS nothing"
    )
    parser.add_argument("--all", action="store_true", help="show also what is well")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Load the inventory, whose errors end the command; then look at everything it names."""
    inventory = inventory_file.load(args, settings)
    found = [*_entries(inventory), *_playbooks(inventory)]
    if not args.offline:
        found.extend(_online(settings, inventory))
    shown = [one for one in found if args.all or args.offline or one.state is not State.OK]
    states = Counter(str(one.state) for one in found)
    summary = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    rows = [asdict(one) for one in shown]
    tables.show(args, [*rows, {"check": "all", "subject": "", "detail": summary}], _COLUMNS)
    if all(one.state in (State.OK, State.UNKNOWN) for one in found):
        return Exit.FINE
    return Exit.UNREACHABLE if any(one.away for one in found) else Exit.UNHEALTHY


def _entries(inventory: Inventory) -> Iterator[Finding]:
    for name in (
        *("functions", "log_events", "apis", "buckets", "rules", "state_machines"),
        *("metrics", "playbooks"),
    ):
        yield Finding("inventory", name, State.OK, f"{len(getattr(inventory, name))} entries")


def _playbooks(inventory: Inventory) -> Iterator[Finding]:
    """Yield what a playbook asks for and cannot have: the service would refuse to start with it."""
    problems = [*playbook_problems(inventory, all_actions())]
    try:
        packs(inventory)
    except PlaybookError as error:
        problems.append(str(error))
    for problem in problems:
        yield Finding("playbooks", "inventory", State.FAILED, problem)


@contextmanager
def _silence(name: str) -> Iterator[None]:
    """Keep a logger quiet for a while: the table says what the log would."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _online(settings: Settings, inventory: Inventory) -> Iterator[Finding]:
    with _silence("exporter"), tempfile.TemporaryDirectory(prefix="vigia-check-") as directory:
        # A state of its own: a check must neither move a counter nor wait for a running exporter.
        apart = replace(settings, state_dir=Path(directory), database_url=None)
        app = ExporterApp(apart, lambda: inventory)
        collectors = find_collectors()
        try:
            with progress("check", 2 + len(collectors)) as step:
                yield from diagnosis.credentials(inventory, app.clients)
                step("credentials")
                yield from diagnosis.permissions(
                    app.clients, iam.wanted(inventory, collectors.values())
                )
                step("permissions")
                app.collect_once(step)
                yield from diagnosis.resources(app.statuses())
        finally:
            app.stop()
