"""What a proof needs to know of an action: a world in which it is right, and what it may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.remediations.rig import Rig


def nothing(_rig: Rig) -> None:
    """Leave the world as it is."""


@dataclass(frozen=True)
class Case:
    """One way of asking for an action; each file of ``tests/remediations/cases`` has a ``CASE``.

    ``prepare`` makes, from the seeded platform, a world in which the action is right. ``start``
    asks for it: by hand if None (``target`` and ``params``), else as an alert would. ``world``
    returns JSON of all that the action may change, equal for equal worlds: no times, no generated
    ids. ``recover`` is called once the action is applied, so that the trouble ends. ``effects``
    are the AWS operations that must reach AWS, and how often each takes effect in a whole run,
    by (service, operation) as ``EmbeddedAws.front.count`` names them.
    """

    name: str
    world: Callable[[Rig], Any]
    effects: Mapping[tuple[str, str], int]
    target: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Rig], None] = nothing
    start: Callable[[Rig], None] | None = None
    recover: Callable[[Rig], None] = nothing
