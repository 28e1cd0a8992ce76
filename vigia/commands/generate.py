"""``vigia generate``: write every generated file, or fail on drift."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import yaml

import alerts.generate
from alerts.documents import yaml_text
from alerts.packs import PlaybookError
from exporter import iam, reference
from exporter.app import find_collectors
from inventory.load import load_inventory
from inventory.model import Inventory
from inventory.settings import Settings
from remediations import reference as action_reference
from remediations import telemetry
from remediations.app import all_actions
from vigia import demo_extra, inventory_file, inventory_reference, inventory_schema, writer_policy
from vigia.exits import CommandError, Exit


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "generate",
        help="write rules, Alertmanager configuration, dashboards, runbooks, tables and policies",
    )
    inventory_file.add_option(parser)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    parser.add_argument("--output", type=Path, default=Path(), help="root (default: here)")
    parser.set_defaults(run=run)


_OVERLAY = Path("deploy/compose/overlay.yaml")
_STACK = Path("deploy/cloudformation/source.yaml")
_POLICIES = {
    "ReaderPolicy": Path("deploy/iam/reader-policy.json"),
    "WriterPolicy": Path("deploy/iam/writer-policy.json"),
}
"""The stack's policies, and the files that they are taken from."""
_COMPOSE = {
    "alerts/generated/alertmanager.yml": "alertmanager.yml",
    "alerts/generated/alerts.yml": "alerts.yml",
    "alerts/generated/prometheus.yml": "prometheus.yml",
    "alerts/generated/recording.yml": "recording.yml",
    "grafana/generated/provisioning/datasources/prometheus.yml": "datasources.yml",
}
"""What names addresses, and so differs inside the Compose network."""


def generated(inventory: Inventory) -> dict[Path, str]:
    """Return every generated file by its path below the root."""
    dashboards = demo_extra.load("grafana.generate")
    collectors = find_collectors().values()
    files = {
        **alerts.generate.files(inventory),
        **dashboards.files(inventory),
        **iam.files(inventory, collectors),
        **writer_policy.files(inventory, all_actions().values()),
        **reference.files(inventory, collectors, {"The remediation service": telemetry.SPECS}),
        **action_reference.files(all_actions()),
        **inventory_reference.files(),
        **inventory_schema.files(),
    }
    return {Path(name): text for name, text in sorted(files.items())}


def compose(config: Path, root: Path) -> dict[Path, str]:
    """Return the files of the Compose stack; none where its overlay is not below ``root``."""
    overlay = root / _OVERLAY
    if not overlay.is_file():
        return {}
    files = generated(load_inventory(config, overlay))
    folder = _OVERLAY.parent / "generated"
    return {folder / name: files[Path(source)] for source, name in _COMPOSE.items()}


def stack(files: Mapping[Path, str], root: Path) -> dict[Path, str]:
    """Return the CloudFormation template with the policies of ``files``.

    None where its source is not below ``root``.
    """
    source = root / _STACK
    if not source.is_file():
        return {}
    template = yaml.safe_load(source.read_text(encoding="utf-8"))
    for name, path in _POLICIES.items():
        document = json.loads(files[path])
        template["Resources"][name]["Properties"]["PolicyDocument"] = document
    return {_STACK.with_name("template.yaml"): yaml_text(template)}


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Write the files, or compare them."""
    try:
        platform = generated(inventory_file.load(args, settings))
        others = compose(inventory_file.path_of(args, settings), args.output)
    except PlaybookError as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    files = {**platform, **stack(platform, args.output), **others}
    drifted = [
        path
        for path, text in files.items()
        if not (args.output / path).is_file()
        or (args.output / path).read_text(encoding="utf-8") != text
    ]
    if args.check:
        if drifted:
            raise CommandError(
                Exit.UNHEALTHY, *(f"{path}: differs; run 'vigia generate'" for path in drifted)
            )
        return Exit.FINE
    for path in drifted:
        (args.output / path).parent.mkdir(parents=True, exist_ok=True)
        (args.output / path).write_text(files[path], encoding="utf-8")
    print(f"{len(files)} files, {len(drifted)} written")  # noqa: T201 the command's answer
    return Exit.FINE
