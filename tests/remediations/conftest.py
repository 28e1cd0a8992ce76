"""An engine in front of the embedded AWS, with a clock of our own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from inventory.load import load_inventory
from inventory.model import Inventory
from simulator.aws.server import EmbeddedAws
from simulator.seed import seed, seed_flags, seed_functions
from tests.remediations.permissions import noting
from tests.remediations.rig import START, Clock, Rig, StandInMetrics

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def _noted() -> Iterator[None]:
    """Every call to AWS is noted with its permission."""
    with noting():
        yield


@pytest.fixture
def inventory() -> Inventory:
    """The repository's inventory."""
    return load_inventory(ROOT / "platform.yaml")


@pytest.fixture
def clock() -> Clock:
    """A clock that only the test moves."""
    return Clock(START)


@pytest.fixture
def bare_aws(
    inventory: Inventory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EmbeddedAws]:
    """The embedded AWS, empty."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "embedded")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "embedded")
    server = EmbeddedAws(inventory.aws.region, clock.now).start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def aws(bare_aws: EmbeddedAws, inventory: Inventory, clock: Clock) -> EmbeddedAws:
    """The embedded AWS with the functions of the inventory."""
    seed_functions(bare_aws, inventory, clock.now)
    return bare_aws


@pytest.fixture
def fresh_postgres_url(postgres_url: str) -> Iterator[str]:
    """A database of its own on the session's PostgreSQL."""
    name = f"vigia_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield postgres_url.rpartition("/")[0] + f"/{name}"
    # Not the same connection: the test may have restarted the server.
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("fresh_postgres_url"))


@pytest.fixture
def rig(inventory: Inventory, clock: Clock, aws: EmbeddedAws, tmp_path: Path) -> Iterator[Rig]:
    """A rig on SQLite."""
    made = Rig(inventory, clock, aws, f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def either_rig(
    inventory: Inventory, clock: Clock, aws: EmbeddedAws, database_url: str, tmp_path: Path
) -> Iterator[Rig]:
    """A rig on each kind of database."""
    made = Rig(inventory, clock, aws, database_url, tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def regressed(rig: Rig) -> Rig:
    """A rig with a regressed function whose alert is about to be delivered."""
    rig.deploy()
    rig.clock.forward(120)
    return rig


@pytest.fixture
def bare(
    inventory: Inventory, clock: Clock, bare_aws: EmbeddedAws, tmp_path: Path
) -> Iterator[Rig]:
    """A rig on SQLite whose embedded AWS is empty: for tests that need little of the platform."""
    made = Rig(inventory, clock, bare_aws, f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def platform(rig: Rig) -> Rig:
    """A rig whose embedded AWS has all of the platform."""
    seed(rig.aws, rig.inventory, rig.clock.now, functions=False)
    return rig


@pytest.fixture(scope="module")
def flags_aws() -> Iterator[tuple[EmbeddedAws, Clock]]:
    """One embedded AWS for all tests of a module that need nothing but flags."""
    clock = Clock(START)
    server = EmbeddedAws("us-east-1", clock.now).start()
    yield server, clock
    server.stop()


@pytest.fixture
def flags_rig(
    flags_aws: tuple[EmbeddedAws, Clock], inventory: Inventory, tmp_path: Path
) -> Iterator[Rig]:
    """A rig whose embedded AWS has the flags, all off, and nothing else."""
    aws, clock = flags_aws
    clock.at = START
    aws.front.heal()
    aws.front.seen.clear()
    # The routes stay, what they serve begins anew: a server for each test costs a second.
    aws.appconfig.__init__(clock.now)  # type: ignore[misc]  # on purpose, see above
    seed_flags(aws, inventory)
    made = Rig(inventory, clock, aws, f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def metrics() -> StandInMetrics:
    """Prometheus' answers, set by the test."""
    return StandInMetrics()
