"""``vigia plan``: what collection sends and costs in a month, before anything runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from exporter.app import find_collectors
from exporter.cap import MOST
from exporter.plan import Line, Plan, items, plan
from inventory.durations import format_duration
from inventory.settings import Settings
from vigia import inventory_file, tables
from vigia.exits import CommandError, Exit

_COLUMNS = ("collector", "cadence", "runs", "calls", "metrics", "USD")


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("plan", help="calls and dollars a month by collector")
    inventory_file.add_option(parser)
    tables.add_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Print the plan; it is refused if the cap cannot be kept."""
    inventory = inventory_file.load(args, settings)
    found = plan(
        items(find_collectors().values(), lambda _: inventory),
        inventory.collection.cost_budget_monthly_usd,
    )
    if args.format == "json":
        tables.dump(_document(found))
    else:
        tables.show(args, [*map(_row, found.lines), _total(found)], _COLUMNS)
        sys.stdout.write(f"\n{_verdict(found)}\n")
    if not found.fits:
        raise CommandError(
            Exit.UNHEALTHY,
            f"${found.usd:.2f} a month is above the cap of ${found.cap_usd:.2f},"
            f" with every paid cadence stretched {MOST} times",
        )
    return Exit.FINE


def _document(found: Plan) -> dict[str, Any]:
    return {
        "days": 30,
        "collectors": [asdict(line) for line in found.lines],
        "calls": found.calls,
        "billed_metrics": found.billed_metrics,
        "usd": found.usd,
        "cap_usd": found.cap_usd,
        "fits": found.fits,
    }


def _row(line: Line) -> dict[str, Any]:
    return {
        "collector": line.collector,
        "cadence": format_duration(line.every)
        + (f" ({line.stretch}x)" if line.stretch > 1 else ""),
        "runs": f"{line.runs:,.0f}",
        "calls": _calls(line.calls),
        "metrics": f"{line.billed_metrics:,.0f}",
        "USD": f"{line.usd:.2f}",
    }


def _total(found: Plan) -> dict[str, Any]:
    return {
        "collector": "total",
        "calls": _calls(found.calls),
        "metrics": f"{found.billed_metrics:,.0f}",
        "USD": f"{found.usd:.2f}",
    }


def _calls(calls: Mapping[str, float]) -> str:
    return "\n".join(f"{service} {number:,.0f}" for service, number in calls.items())


def _verdict(found: Plan) -> str:
    stretched = [f"{line.collector} {line.stretch}x" for line in found.lines if line.stretch > 1]
    names = ", ".join(stretched) or "nothing"
    return f"30 days; cap ${found.cap_usd:.2f}; stretched to keep it: {names}"
