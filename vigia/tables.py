"""Answers as a table for people or JSON for programs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

_UNFOLDED = 10_000


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--format``."""
    parser.add_argument("--format", choices=("table", "json"), default="table")


def show(
    args: argparse.Namespace, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]
) -> None:
    """Print ``rows``: all of them as JSON, or their ``columns`` as a table."""
    if args.format == "json":
        dump(list(rows))
        return
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    # A program that reads the table gets one line a row, however long.
    width = None if sys.stdout.isatty() else _UNFOLDED
    Console(file=sys.stdout, width=width).print(table, markup=False)


def dump(document: Any) -> None:
    """Print a document as JSON."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
