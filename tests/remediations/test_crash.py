"""Killed anywhere, on both databases: one effect, a correct record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from inventory.model import Inventory
from remediations.ledger import audit
from remediations.model import Outcome, State
from simulator.aws.server import EmbeddedAws
from tests.remediations.rig import Clock, CrashError, Rig


class _Writer:
    """A boto3 client that dies before or after its calls reach AWS."""

    def __init__(self, client: Any, *, before: bool) -> None:
        self._client = client
        self._before = before

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            if self._before:
                raise CrashError
            getattr(self._client, name)(**arguments)
            raise CrashError

        return call


def _finish(rig: Rig) -> None:
    rig.writer = rig._client
    rig.restart()
    rig.until(State.VERIFYING, State.CLOSED)
    rig.metrics.ratio = 0.0
    run = rig.end()
    assert run.outcome is Outcome.SUCCEEDED
    assert rig.version() == {"5": 1.0}
    assert rig.aws.front.count("lambda", "UpdateAlias") == 1
    with rig.ledger.engine.connect() as connection:
        assert audit.broken_at(connection) is None
    assert rig.audit_kinds(run.id).count("closed") == 1


@pytest.mark.parametrize("before", [True, False], ids=["before_the_call", "after_the_call"])
def test_killed_between_intent_and_result(
    inventory: Inventory,
    clock: Clock,
    aws: EmbeddedAws,
    database_url: str,
    tmp_path: Path,
    before: bool,  # noqa: FBT001 a parameter of the test
) -> None:
    """Killed on either side of the AWS call, the restarted engine reads first and acts once."""
    rig = Rig(inventory, clock, aws, database_url, tmp_path)
    rig.deploy()
    clock.forward(120)
    rig.deliver(rig.alert())
    rig.writer = lambda service: _Writer(rig._client(service), before=before)
    with pytest.raises(CrashError):
        rig.until(State.VERIFYING)
    assert rig.run().state is State.RUNNING
    _finish(rig)
    kinds = rig.audit_kinds(rig.run().id)
    assert kinds.count("intent") == (2 if before else 1)


def _commits(rig: Rig, crash_at: int) -> None:
    """Let the process die instead of its ``crash_at``-th commit from now on."""
    count = 0

    @sa.event.listens_for(rig.ledger.engine, "commit")
    def _dies(_connection: sa.Connection) -> None:
        nonlocal count
        count += 1
        if count == crash_at:
            raise CrashError


@pytest.mark.parametrize("crash_at", range(2, 40, 8))
def test_killed_at_any_commit(
    inventory: Inventory, clock: Clock, aws: EmbeddedAws, tmp_path: Path, crash_at: int
) -> None:
    """Killed at any commit of the run, it ends as the uninterrupted one does, with one effect."""
    rig = Rig(inventory, clock, aws, f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    rig.deploy()
    clock.forward(120)
    rig.deliver(rig.alert())
    _commits(rig, crash_at)
    try:
        rig.until(State.VERIFYING)
        rig.metrics.ratio = 0.0
        rig.end()
    except CrashError:
        pass
    rig.metrics.ratio = 0.35 if rig.run().intended_at is None else 0.0
    rig.restart()
    rig.until(State.VERIFYING, State.CLOSED)
    rig.metrics.ratio = 0.0
    assert rig.end().outcome is Outcome.SUCCEEDED
    assert rig.aws.front.count("lambda", "UpdateAlias") == 1
