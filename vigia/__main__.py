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
from vigia.exits import INTERRUPTED, CommandError, Exit

Run = Callable[[argparse.Namespace, Settings], int]
_TELL_TOO_MUCH = ("boto3", "botocore", "s3transfer", "urllib3")


def build_parser(argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser with every command found in ``vigia.commands``.

    Where ``argv`` names one, it alone is loaded: what the others need would be carried for months.
    """
    parser = argparse.ArgumentParser(
        prog="vigia", description="Watches and repairs the ONS data platform."
    )
    parser.add_argument(
        "--log-level", default="warning", choices=("debug", "info", "warning", "error")
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    modules = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
    for name in _named(argv, modules) or modules:
        importlib.import_module(f"vigia.commands.{name}").add(subparsers)
    return parser


def hush() -> None:
    """Keep what the AWS libraries send out of the log, whatever the level: it holds credentials."""
    for name in _TELL_TOO_MUCH:
        logging.getLogger(name).setLevel(logging.WARNING)


def _named(argv: Sequence[str], modules: Sequence[str]) -> list[str]:
    at = next((at for at, word in enumerate(argv) if word in modules), None)
    # Before a command's name, help is asked for about all of them.
    if at is None or any(word.startswith("-h") or word == "--help" for word in argv[:at]):
        return []
    return [argv[at]]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    args = build_parser(argv).parse_args(argv)
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
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.UNHEALTHY


def _complain(*lines: str) -> None:
    for line in lines:
        sys.stderr.write(f"vigia: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
