"""``vigia demo``: the whole product on one machine, in front of an embedded platform."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from inventory.settings import Settings
from simulator.scenarios import names
from vigia import demo_extra, inventory_file
from vigia.exits import CommandError, Exit
from vigia.serving import stop_signal


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("demo", help="run everything here, against an embedded platform")
    inventory_file.add_option(parser)
    parser.add_argument("--scenario", metavar="NAME", help=f"a fault: {', '.join(names())}")
    parser.add_argument(
        "--once",
        action="store_true",
        help="end after the scenario; 0 only if it ended exactly as it should",
    )
    parser.add_argument("--ports", choices=("fixed", "auto"), default="fixed")
    parser.add_argument(
        "--state-dir",
        type=Path,
        metavar="DIR",
        help="state and logs of this demo (default: state/demo)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run the demo until it is over or a signal comes."""
    if args.scenario and args.scenario not in names():
        known = ", ".join(names())
        raise CommandError(
            Exit.USAGE, f"there is no scenario '{args.scenario}'; there are: {known}"
        )
    if args.once and not args.scenario:
        raise CommandError(Exit.USAGE, "--once needs a --scenario")
    demo_module = demo_extra.load("simulator.demo")
    config = inventory_file.path_of(args, settings)
    stopped = stop_signal()
    root = args.state_dir or settings.state_dir / "demo"
    try:
        demo = demo_module.Demo(
            config, root, auto_ports=args.ports == "auto", emit=_emit, stopped=stopped
        )
        passed = demo.run(args.scenario, once=args.once)
    except demo_module.ScenarioError as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    except (demo_module.StartError, OSError) as error:
        raise CommandError(Exit.UNREACHABLE, str(error)) from error
    return Exit.FINE if passed else Exit.UNHEALTHY


def _emit(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
