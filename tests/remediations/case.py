"""What a proof needs to know of an action: a world in which it is right, and what it may change."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from remediations.model import Outcome
from tests.remediations import cases
from tests.remediations.rig import Rig


def nothing(_rig: Rig) -> None:
    """Leave the world as it is."""


@dataclass(frozen=True)
class Case:
    """One way of asking for an action; each file of ``tests/remediations/cases`` has a ``CASE``.

    A file may have further ones, as ``MORE``, each with a ``variant`` that tells it apart.

    ``prepare`` makes, from the seeded platform, a world in which the action is right. ``start``
    asks for it: by hand if None (``target`` and ``params``), else as an alert would. ``world``
    returns JSON of all that the action may change, equal for equal worlds: no times, no generated
    ids. ``recover`` is called once the action is applied, so that the trouble ends, and again at
    each look: it must be harmless when repeated. ``effects``
    are the AWS operations that must reach AWS, and how often each takes effect in a whole run,
    by (service, operation) as ``EmbeddedAws.front.count`` names them. ``repeats`` are those that
    AWS offers no way to ask about afterwards, and of which two do no harm: they may be made twice.
    ``outcome`` is how an undisturbed run ends.
    """

    name: str
    world: Callable[[Rig], Any]
    effects: Mapping[tuple[str, str], int]
    target: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Rig], None] = nothing
    start: Callable[[Rig], None] | None = None
    recover: Callable[[Rig], None] = nothing
    variant: str = ""
    repeats: frozenset[tuple[str, str]] = frozenset()
    outcome: Outcome = Outcome.SUCCEEDED

    def __str__(self) -> str:
        return f"{self.name} {self.variant}".rstrip()


def all_cases() -> list[Case]:
    """Return every case there is, by the name of its action."""
    found: list[Case] = []
    for module in sorted(pkgutil.iter_modules(cases.__path__), key=lambda entry: entry.name):
        loaded = importlib.import_module(f"{cases.__name__}.{module.name}")
        found += [loaded.CASE, *getattr(loaded, "MORE", ())]
    return found
