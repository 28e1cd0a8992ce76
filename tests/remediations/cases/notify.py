"""A notice: in the topic once, or twice where a lost answer leaves nobody knowing."""

from __future__ import annotations

from typing import Any

from tests.remediations.case import Case
from tests.remediations.rig import Rig
from tests.remediations.test_notify import TEXT, sent, topic


def _prepare(rig: Rig) -> None:
    topic(rig)


def _world(rig: Rig) -> Any:
    # A repetition names the same run: to its receiver it is the same notice.
    by_run = {
        run: (message.partition("\n\n-- ")[0], subject) for message, subject, run in sent(rig)
    }
    return sorted(by_run.values(), key=str)


CASE = Case(
    name="notify",
    params={"message": TEXT, "subject": "Manutenção"},
    world=_world,
    prepare=_prepare,
    effects={("sns", "Publish"): 1},
    repeats=frozenset({("sns", "Publish")}),
)
