"""The ``--config.file`` option and the inventory behind it."""

from __future__ import annotations

import argparse
from pathlib import Path

from inventory.load import load_inventory
from inventory.model import Inventory
from inventory.settings import Settings
from vigia.exits import CommandError, Exit


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--config.file`` to a command."""
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        metavar="FILE",
        help="the inventory (default platform.yaml, else VIGIA_CONFIG)",
    )


def path_of(args: argparse.Namespace, settings: Settings) -> Path:
    """Return the inventory's path: the option, else the settings."""
    chosen: Path = args.config_file or settings.config
    if not chosen.is_file():
        raise CommandError(Exit.USAGE, f"{chosen}: no such inventory file")
    return chosen


def load(args: argparse.Namespace, settings: Settings) -> Inventory:
    """Load the inventory that the command was given, with the settings' overlay."""
    return load_inventory(path_of(args, settings), settings.config_overlay)
