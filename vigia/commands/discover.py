"""``vigia discover``: write an inventory from an account."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from exporter.collector import Reason
from exporter.discovery import SECTIONS, Finder, wanted
from exporter.failures import classify
from inventory.aws import AwsClients
from inventory.load import load_inventory
from inventory.settings import Settings
from inventory.source import read_source
from vigia import inventory_file
from vigia.exits import CommandError, Exit
from vigia.progress import progress

_HEADER = """\
# Written by `vigia discover`. Read it before you use it: thresholds, contacts, log words and
# playbooks are those of the inventory it began from, and nothing new may be acted on.
"""
_REFUSED = (Reason.DENIED, Reason.NOT_FOUND, Reason.SERVICE, Reason.ANSWER)


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("discover", help="write an inventory from the account")
    inventory_file.add_option(parser)
    parser.add_argument(
        "--prefix",
        action="append",
        default=[],
        metavar="P",
        help="only what is named so; repeat for several (default: everything)",
    )
    parser.add_argument(
        "--tag",
        action="append",
        default=[],
        type=_tag,
        metavar="K=V",
        help="only what carries the tag; repeat for several that must all be there",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="a new file (default: standard output)"
    )
    parser.set_defaults(run=run)


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"'{text}' is not KEY=VALUE")
    return key, value


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Look through the account and write what was found, if it makes a valid inventory."""
    if args.output is not None and args.output.exists():
        raise CommandError(Exit.USAGE, f"{args.output}: exists already; nothing was written")
    path = inventory_file.path_of(args, settings)
    source = read_source(path)
    base = load_inventory(path)
    clients = AwsClients(base.aws, settings.aws_endpoint_url)
    try:
        account = clients.client("sts").get_caller_identity()["Account"]
        with progress("discover", SECTIONS) as step:
            finder = Finder(
                clients.client,
                base.aws.region,
                account,
                wanted(clients.client, args.prefix, dict(args.tag)),
                dict(source.data),
            )
            found = finder.inventory(step)
    except (ClientError, BotoCoreError) as error:
        reason, line = classify(error) or (Reason.INTERNAL, type(error).__name__)
        code = Exit.UNHEALTHY if reason in _REFUSED else Exit.UNREACHABLE
        raise CommandError(code, f"nothing was written: {line}") from error
    if not found["functions"]:
        raise CommandError(Exit.UNHEALTHY, "nothing was written: no function was found")
    text = _HEADER + yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100)
    if args.output is None:
        sys.stdout.write(text)
    else:
        args.output.write_text(text, encoding="utf-8")
    return Exit.FINE
