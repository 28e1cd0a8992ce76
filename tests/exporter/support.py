"""A clock that obeys, short periods, and one collector at a time."""

from __future__ import annotations

import io
import json
import time
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from exporter import app, tally
from exporter.collector import Collector, Context, Reading
from exporter.samples import Series, Value
from exporter.state import StateStore, open_state
from inventory.aws import AwsClients
from inventory.load import load_inventory
from inventory.model import Inventory
from inventory.settings import Settings
from simulator.aws.server import EmbeddedAws

ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp()
REGION = "us-east-1"


class Clock:
    """A clock that is set by hand; monotonic time is the machine's."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> float:
        """Return unix seconds."""
        return self.at

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()


def compressed(**collection: float) -> Inventory:
    """Return platform.yaml with the demo's short periods and ``collection`` laid over it."""
    inventory = load_inventory(ROOT / "platform.yaml")
    short = {
        "period": 5.0,
        "lag": 2.0,
        "lookback": 60.0,
        "backfill": 7200.0,
        "stale_after": 1.0,
        "control_plane_every": 5.0,
        "logs_every": 5.0,
        "logs_overlap": 30.0,
        "influxdb_every": 5.0,
        "influxdb_deadline": 4.0,
        "cost_every": 3600.0,
    }
    changed = inventory.collection.model_copy(update={**short, **collection})
    return inventory.model_copy(update={"collection": changed})


def only(inventory: Inventory, *functions: str) -> Inventory:
    """Return the inventory with these functions alone."""
    kept = tuple(inventory.function(name) for name in functions)
    return inventory.model_copy(update={"functions": kept})


def placed(inventory: Inventory, influx_url: str, alertmanager_url: str) -> Inventory:
    """Return the inventory with its database and its Alertmanager at these addresses."""
    database = inventory.influxdb.model_copy(update={"url": influx_url})
    alerting = inventory.alerting.model_copy(update={"alertmanager_url": alertmanager_url})
    return inventory.model_copy(update={"influxdb": database, "alerting": alerting})


def paced(inventory: Inventory, **collection: float) -> Inventory:
    """Return the inventory with other cadences."""
    changed = inventory.collection.model_copy(update=collection)
    return inventory.model_copy(update={"collection": changed})


def create_function(aws: EmbeddedAws, name: str, alias: str = "LIVE") -> None:
    """Create a function whose alias serves version 1."""
    iam = aws.client("iam")
    if not iam.list_roles()["Roles"]:
        iam.create_role(RoleName="runner", AssumeRolePolicyDocument=json.dumps({}))
    role = iam.get_role(RoleName="runner")["Role"]["Arn"]
    aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler="main.handle",
        Code={"ZipFile": _code("first")},
    )
    aws.client("lambda").publish_version(FunctionName=name)
    aws.client("lambda").create_alias(FunctionName=name, Name=alias, FunctionVersion="1")


def deploy(aws: EmbeddedAws, name: str, alias: str = "LIVE") -> str:
    """Publish a new version, point the alias to it and return it."""
    client = aws.client("lambda")
    client.update_function_code(FunctionName=name, ZipFile=_code(str(time.monotonic_ns())))
    version: str = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name=alias, FunctionVersion=version)
    return version


def _code(text: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("main.py", f"# {text}")
    return archive.getvalue()


@dataclass
class Bench:
    """Runs single collectors against the embedded platform with durable state."""

    url: str
    clock: Clock
    inventory: Inventory
    endpoint: str
    token: str = "made-up-token"
    tally: tally.Tally = field(default_factory=tally.Tally)
    seconds: float = 30.0

    def __post_init__(self) -> None:
        self.collectors: dict[str, Collector] = app.find_collectors()
        self.aws = self.clients(self.tally)
        self.store: StateStore = open_state(self.url, self.clock.now())

    def clients(self, told: tally.Tally) -> AwsClients:
        """Return clients that count into ``told``."""
        main, scopes = self.inventory.aws, self.inventory.scopes
        return AwsClients(main, self.endpoint, told.request, timeout=5, scopes=scopes)

    def restart(self) -> None:
        """Forget everything that is not durable."""
        self.store.close()
        self.store = open_state(self.url, self.clock.now())

    def context(self, name: str) -> Context:
        """Return what a run of the collector is given."""
        until = time.monotonic() + self.seconds
        return Context(
            inventory=self.inventory,
            client=self.aws.client,
            state=self.store.of(name),
            now=self.clock.now,
            remaining=lambda: until - time.monotonic(),
            influx_token=lambda: self.token,
            billed=lambda *bill: self.tally.billed(name, *bill),
        )

    def collect(self, name: str) -> dict[tuple[str, ...], Value]:
        """Run a collector; return its values by metric name and labels."""
        return values(self.reading(name))

    def reading(self, name: str) -> Reading:
        """Run a collector."""
        return self.collectors[name].collect(self.context(name))


def values(reading: Reading) -> dict[tuple[str, ...], Value]:
    """Return a reading's values by metric name and labels."""
    found: dict[tuple[str, ...], Value] = {}
    for series in reading.series:
        assert key(series) not in found, f"{key(series)} stands twice"
        found[key(series)] = series.value
    return found


def key(series: Series) -> tuple[str, ...]:
    """Return a series' short metric name and labels."""
    return (series.spec.name.removeprefix("dataplatform_"), *series.labels)


def settings_for(aws_url: str, root: Path) -> Settings:
    """Return settings with their state in ``root``."""
    (root / "influx-token").write_text("made-up-token", encoding="utf-8")
    return Settings.read(
        {
            "VIGIA_STATE_DIR": str(root / "state"),
            "VIGIA_AWS_ENDPOINT_URL": aws_url,
            "VIGIA_INFLUXDB_TOKEN_FILE": str(root / "influx-token"),
        }
    )
