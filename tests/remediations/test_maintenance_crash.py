"""A maintenance window whose keeper is killed as it begins and as it ends: each step once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.load import load_inventory
from tests.remediations.proof.stage import World
from tests.remediations.window_kills import BEGIN, END, Left, Place, killed_at

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The seeded platform, of which every run has a copy."""
    made = World(load_inventory(ROOT / "platform.yaml"))
    yield made
    made.close()


def _spread(kind: str, count: int, most: int, turn: int) -> Iterator[Place]:
    for number in range(min(most, count)):
        yield Place(kind, 1 + (int(number * count / min(most, count)) + turn) % count)


def _some(commits: int, calls: int, turn: int) -> Callable[[int, int], Sequence[Place]]:
    def choose(all_commits: int, all_calls: int) -> Sequence[Place]:
        return [
            *_spread("commit", all_commits, commits, turn),
            *_spread("before", all_calls, calls, turn),
            *_spread("after", all_calls, calls, turn + 1),
        ]

    return choose


def _like(whole: Left, found: Left) -> Left:
    """Return what was found, but for one notice more: nobody can ask SNS what it has sent."""
    assert whole.notices <= found.notices <= whole.notices + 1
    return replace(found, notices=whole.notices)


@pytest.mark.parametrize("what", [BEGIN, END])
@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_killed_anywhere_a_window_goes_on(
    world: World,
    alertmanager: str,
    tmp_path: Path,
    what: str,
    database: str,
    request: pytest.FixtureRequest,
) -> None:
    """Killed at a commit or beside a call, each step is done once and nothing is left half-way."""
    url = None if database == "SQLite" else str(request.getfixturevalue("postgres_url"))
    choose = _some(6, 3, 0) if url is None else _some(4, 2, 2)
    whole, killed = killed_at(world, alertmanager, tmp_path, url, what, choose)
    assert whole.phase == ("active" if what == BEGIN else "ended")
    assert (whole.flag, whole.held, bool(whole.silences)) == ((what == BEGIN,) * 3)
    assert (whole.notices, whole.open_runs, whole.chain) == (1 if what == BEGIN else 2, 0, None)
    assert len(killed) == (12 if url is None else 8)
    wrong = {place: found for place, found in killed if _like(whole, found) != whole}
    assert wrong == {}
