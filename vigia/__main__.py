"""``vigia``: parse the command, run it, turn its errors into lines and an exit code."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import pkgutil
import sys
from collections.abc import Callable, Sequence

from inventory.load import InventoryError
from inventory.settings import Settings, SettingsError
from vigia import commands
from vigia.exits import CommandError, Exit

Run = Callable[[argparse.Namespace, Settings], int]
_TELL_TOO_MUCH = ("boto3", "botocore", "s3transfer", "urllib3")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with every command found in ``vigia.commands``."""
    parser = argparse.ArgumentParser(
        prog="vigia", description="Watches and repairs the ONS data platform."
    )
    parser.add_argument(
        "--log-level", default="warning", choices=("debug", "info", "warning", "error")
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda found: found.name):
        importlib.import_module(f"vigia.commands.{module.name}").add(subparsers)
    return parser


def hush() -> None:
    """Keep what the AWS libraries send out of the log, whatever the level: it holds credentials."""
    for name in _TELL_TOO_MUCH:
        logging.getLogger(name).setLevel(logging.INFO)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = build_parser().parse_args(argv)
    logging.basicConfig(
        level=args.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    hush()
    run: Run = args.run
    try:
        return int(run(args, Settings.read(os.environ)))
    except CommandError as error:
        _complain(*error.lines)
        return error.code
    except SettingsError as error:
        _complain(str(error))
        return Exit.USAGE
    except InventoryError as error:
        _complain(*map(str, error.problems))
        return Exit.USAGE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.UNHEALTHY


def _complain(*lines: str) -> None:
    for line in lines:
        sys.stderr.write(f"vigia: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
