"""``vigia platform``: the embedded platform alone, for a Vigia that runs elsewhere."""

from __future__ import annotations

import argparse
import sys
import time

from catalogue.texts import demo as texts
from inventory.settings import Settings, read_tokens
from vigia import demo_extra, inventory_file
from vigia.exits import CommandError, Exit
from vigia.serving import stop_signal, wait_until
from web.address import Address, parse_address

_AWS = "127.0.0.1:9913"
_INFLUXDB = "127.0.0.1:8086"


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "platform", help="an embedded AWS and InfluxDB with traffic, instead of an account"
    )
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    part = parts.add_parser("serve", help="serve what the inventory describes until a signal comes")
    inventory_file.add_option(part)
    part.add_argument(
        "--web.listen-address",
        dest="listen_address",
        default=_AWS,
        metavar="HOST:PORT",
        help=f"where AWS listens; any credentials are taken (default {_AWS})",
    )
    part.add_argument(
        "--influxdb.listen-address",
        dest="influxdb_address",
        default=_INFLUXDB,
        metavar="HOST:PORT",
        help=f"where InfluxDB listens; the token is VIGIA_INFLUXDB_TOKEN_FILE's"
        f" (default {_INFLUXDB})",
    )
    part.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Serve until a signal comes."""
    addresses = [_address(text) for text in (args.listen_address, args.influxdb_address)]
    if settings.influxdb_token_file is None:
        raise CommandError(Exit.USAGE, "VIGIA_INFLUXDB_TOKEN_FILE is not set")
    token = read_tokens(settings.influxdb_token_file)[0]
    inventory = inventory_file.load(args, settings)
    module = demo_extra.load("simulator.platform")
    stopped = stop_signal()
    try:
        platform = module.Platform(inventory, *addresses, token, time.time)
    except OSError as error:
        raise CommandError(Exit.USAGE, f"cannot listen: {error.strerror}") from error
    try:
        platform.start()
        served = texts.PLATFORM.format(
            inventory.locale, aws=platform.aws.url, influxdb=platform.influxdb.url
        )
        sys.stdout.write(served + "\n")
        sys.stdout.flush()
        wait_until(stopped)
    finally:
        platform.stop()
    return Exit.FINE


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise CommandError(Exit.USAGE, str(error)) from error
