"""What must come of a scenario: runs, pages, the world, the calls to AWS. And nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A part of a scenario: frozen, and any key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedAlert(Part):
    """An alert that must fire in Prometheus."""

    alert: str
    target: str


class ExpectedRun(Part):
    """A run that there must be, once: how it ends or where it must stay.

    ``through`` are the reasons that it must have met on its way, in that order; ``plan`` a line of
    its plan; ``steps`` how many calls it made. Times count from the first failure, in seconds.
    """

    action: str
    target: str
    outcome: str | None = None
    state: str | None = None
    reason: str | None = None
    through: tuple[str, ...] = ()
    plan: str | None = None
    by_hand: bool = False
    acted_within: float | None = None
    ended_within: float | None = None


class ExpectedPage(Part):
    """Somebody who must be told of an alert.

    ``reason`` is why Vigia calls for a person, ``target`` what about; ``times`` how often exactly.
    An ``optional`` one may come or not: it hangs on when exactly somebody looked. ``escalates``: it
    fires so long that the next levels may be told too.
    """

    receiver: str
    alert: str
    reason: str | None = None
    target: str | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    optional: bool = False
    escalates: bool = False


class Symptom(Part):
    """An alert that the fault itself fires about ``target``: the first level may hear of it.

    ``escalates`` as with pages.
    """

    alert: str
    target: str
    escalates: bool = False


class ExpectedWorld(Part):
    """How AWS must be in the end.

    ``aliases`` are versions by function: ``before`` is what served before the scenario,
    ``deployed`` what it deployed, ``operator`` what somebody else deployed. ``deployments`` are
    those of the scenario by function, oldest first, as ``creator:status``. ``stopped`` is what has
    become of the executions that a run stopped. ``snapshots`` are buckets of which a whole one was
    made.
    """

    aliases: Mapping[str, Literal["before", "deployed", "operator"]] = {}
    flags: Mapping[str, bool] = {}
    rules: Mapping[str, Literal["ENABLED", "DISABLED"]] = {}
    stopped: Literal["none", "aborted", "redriven"] = "none"
    deployments: Mapping[str, tuple[str, ...]] = {}
    storage_gib: int | None = None
    snapshots: tuple[str, ...] = ()


class Expect(Part):
    """All of it.

    Who is told of anything that is neither one of ``pages`` nor of ``symptoms`` was told too much.
    ``writes`` is how often each changing operation may reach AWS by Vigia's hand: just so often,
    and no other. Flags of other scenarios' making aside, every flag, rule and alias that is not
    named must be as before. ``in_turn``: the runs act one after the other, in the order given.
    ``within`` is how long all this may take from the scenario's beginning, ``watch`` how long it
    must then stay so, in seconds.
    """

    alerts: tuple[ExpectedAlert, ...]
    pages: tuple[ExpectedPage, ...]
    symptoms: tuple[Symptom, ...] = ()
    runs: tuple[ExpectedRun, ...] = ()
    world: ExpectedWorld = ExpectedWorld()
    writes: Mapping[str, Annotated[int, Field(ge=1)] | Literal["some"]] = {}
    in_turn: bool = False
    within: float = 180.0
    watch: float = 6.0
