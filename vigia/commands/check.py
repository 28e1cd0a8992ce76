"""``vigia check``: is the inventory right?"""

from __future__ import annotations

import argparse

from inventory.settings import Settings
from vigia import inventory_file, tables
from vigia.exits import Exit


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("check", help="validate the inventory, every error at once")
    inventory_file.add_option(parser)
    tables.add_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Load the inventory; its errors end the command with their lines and columns."""
    inventory = inventory_file.load(args, settings)
    rows = [
        {"section": name, "entries": len(getattr(inventory, name))}
        for name in (
            *("functions", "log_events", "apis", "buckets", "rules", "state_machines"),
            "playbooks",
        )
    ]
    tables.show(args, rows, ("section", "entries"))
    return Exit.FINE
