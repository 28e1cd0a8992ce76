"""``vigia fault``: faults in a running demo, from another terminal."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import requests

from inventory.settings import Settings, read_tokens
from vigia import tables
from vigia.exits import CommandError, Exit

_TIMEOUT = 30.0
_REFUSED = 400


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("fault", help="list, inject or clear faults in a running demo")
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    for name, text in (
        ("list", "what there is, and what is on"),
        ("inject", "switch a fault on"),
        ("clear", "switch a fault off"),
    ):
        part = parts.add_parser(name, help=text)
        if name != "list":
            part.add_argument("name")
        part.add_argument(
            "--state-dir", type=Path, help="the demo's --state-dir (default: state/demo)"
        )
        tables.add_option(part)
        part.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Ask the running demo."""
    manifest = _manifest(args.state_dir or settings.state_dir / "demo")
    if args.part == "list":
        found = _ask(manifest, "GET", "/faults")
        rows = [{"fault": n, "on": n in found["active"]} for n in found["known"]]
        tables.show(args, rows, ("fault", "on"))
        return Exit.FINE
    method = "POST" if args.part == "inject" else "DELETE"
    answer = _ask(manifest, method, f"/faults/{args.name}")
    tables.show(args, [answer], tuple(answer))
    return Exit.FINE


def _manifest(state_dir: Path) -> dict[str, str]:
    try:
        document: dict[str, str] = json.loads((state_dir / "demo.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(Exit.USAGE, f"{state_dir}: no demo runs there") from error
    return document


def _ask(manifest: dict[str, str], method: str, path: str) -> Any:
    token = read_tokens(Path(manifest["control_token_file"]))[0]
    try:
        answer = requests.request(
            method,
            manifest["simulator"] + path,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT,
        )
    except requests.RequestException as error:
        raise CommandError(Exit.UNREACHABLE, "the demo does not answer; is it running?") from error
    document = answer.json()
    if answer.status_code >= _REFUSED:
        raise CommandError(Exit.UNHEALTHY, str(document["error"]))
    return document
