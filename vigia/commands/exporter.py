"""``vigia exporter``: the read side."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from types import FrameType

from exporter.app import ExporterApp
from exporter.shards import Shard
from inventory.settings import Settings
from storage.database import DatabaseError
from vigia import frugal, inventory_file, serving
from vigia.exits import CommandError, Exit

_LOG = logging.getLogger(__name__)
_MAX_BODY = 64 * 1024


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("exporter", help="turn AWS and InfluxDB into metrics")
    inventory_file.add_option(parser)
    serving.add_options(parser, "127.0.0.1:9910")
    parser.add_argument(
        "--shard",
        default="0/1",
        metavar="I/N",
        help="collect the i-th of n parts of the resources, counted from 0 (default 0/1)",
    )
    parser.add_argument(
        "--once", action="store_true", help="collect once, print the exposition, and end"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Collect until a signal comes, or once."""
    frugal.share_memory()
    try:
        shard = Shard.parse(args.shard)
    except ValueError as error:
        raise CommandError(Exit.USAGE, f"--shard: {error}") from error
    try:
        app = ExporterApp(settings, lambda: inventory_file.load(args, settings), shard=shard)
    except DatabaseError as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    if args.once:
        return _once(app)

    def reload(_number: int, _frame: FrameType | None) -> None:
        for problem in app.reload():
            _LOG.error("not reloaded: %s", problem)

    signal.signal(signal.SIGHUP, reload)
    frugal.settle_down()
    return serving.serve(args, app.wsgi, app.start, app.stop, max_body=_MAX_BODY)


def _once(app: ExporterApp) -> int:
    from vigia.progress import progress  # noqa: PLC0415 what draws it is large

    try:
        with progress("collecting", len(app.statuses())) as step:
            failed = app.collect_once(step)
        sys.stdout.write(app.exposition())
    finally:
        app.stop()
    if failed:
        raise CommandError(Exit.UNREACHABLE, *(f"{name}: {why}" for name, why in failed.items()))
    return Exit.FINE
