"""``vigia health``: the operators' checks as one table, answered by Prometheus."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from typing import Any

import requests

from alerts.health import Check, Row, Sample, Verdict, rows, written
from alerts.health_checks import CHECKS
from catalogue.texts import health as texts
from inventory.model import Inventory
from inventory.settings import Settings
from vigia import inventory_file, tables
from vigia.exits import CommandError, Exit
from vigia.progress import progress

_TIMEOUT = 30.0
_WEEK = 7 * 86_400.0


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("health", help="the operators' checks as one table")
    parser.add_argument("when", choices=sorted(CHECKS), help="which checks")
    inventory_file.add_option(parser)
    tables.add_option(parser)
    parser.add_argument("--prometheus", metavar="URL", help="default: the inventory's")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Ask every check; exit 1 if something is bad, 3 if nothing is but not all is known."""
    inventory = inventory_file.load(args, settings)
    found = look(inventory, args.when, args.prometheus)
    show(args, inventory, found)
    return verdict(found)


def look(inventory: Inventory, when: str, prometheus: str | None) -> list[Row]:
    """Ask every check of ``when``; of the inventory's Prometheus if none is named."""
    url = (prometheus or inventory.alerting.prometheus_url).rstrip("/")
    checks = CHECKS[when](inventory)
    now = time.time()
    found: list[Row] = []
    with progress("health", len(checks)) as step:
        for check in checks:
            before = _ask(url, check, now - _WEEK) if check.trend else ()
            found.extend(rows(check, _ask(url, check, now), before))
            step(check.title.in_(inventory.locale))
    return found


def verdict(found: list[Row]) -> int:
    """Return the exit code that the checks' answers come to."""
    verdicts = Counter(row.verdict for row in found)
    if verdicts[Verdict.BAD]:
        return Exit.UNHEALTHY
    return Exit.UNREACHABLE if verdicts[Verdict.UNKNOWN] else Exit.FINE


def _ask(url: str, check: Check, at: float) -> list[Sample]:
    try:
        answer = requests.get(
            f"{url}/api/v1/query",
            params={"query": str(check.vector), "time": f"{at:.3f}"},
            timeout=_TIMEOUT,
        )
        document = answer.json()
        if document["status"] != "success":
            raise CommandError(Exit.UNREACHABLE, f"{url}: {document['error']}")
        result = document["data"]["result"]
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        why = type(error).__name__
        raise CommandError(
            Exit.UNREACHABLE, f"Prometheus does not answer at {url} ({why})"
        ) from error
    return [(series["metric"], float(series["value"][1])) for series in result]


def show(args: argparse.Namespace, inventory: Inventory, found: list[Row]) -> None:
    """Print the checks' answers."""
    locale = inventory.locale
    headings = {name: text.in_(locale) for name, text in texts.COLUMNS.items()}
    if args.format == "json":
        tables.dump([plain(row) for row in found])
        return
    trend = any(row.check.trend for row in found)
    shown = [name for name in headings if trend or name not in ("before", "change")]
    cells = [
        {headings[name]: value for name, value in _cells(row, inventory).items()} for row in found
    ]
    tables.show(args, cells, [headings[name] for name in shown])


def _cells(row: Row, inventory: Inventory) -> dict[str, str]:
    return {
        "check": row.check.title.in_(inventory.locale),
        "resource": row.resource,
        "verdict": texts.VERDICTS[row.verdict.value].in_(inventory.locale),
        "value": written(row.value, row.check.unit),
        "before": written(row.before, row.check.unit) if row.check.trend else "",
        "change": "" if row.change is None else f"{row.change:+.0%}",
    }


def plain(row: Row) -> dict[str, Any]:
    """Return a check's answer as plain data."""
    return {
        "check": row.check.key,
        "resource": row.resource,
        "verdict": row.verdict.value,
        "value": row.value,
        "unit": row.check.unit.value,
        "before": row.before,
        "change": row.change,
    }
