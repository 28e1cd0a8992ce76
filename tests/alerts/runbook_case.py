"""What a case of a runbook's command is, and what several of them need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

from runbook_world import Said, World

from tests.remediations.flag_world import Flags

ROUTER = "lambda_router"
GROUP = "/aws/lambda/lambda_router"
RULE = "ons-data-platform-s3-processing-rule"
RAW, PROCESSED = "ons-data-platform-raw-prod", "ons-data-platform-processed-prod"
DAY = 86_400


def nothing(_world: World) -> Mapping[str, str]:
    """Arrange nothing: no word stands in the command."""
    return {}


def unseen(_world: World, _said: Said) -> None:
    """Believe the exit code."""


@dataclass(frozen=True)
class Case:
    """``before`` arranges, and returns what stands for words in capitals; ``after`` asserts."""

    before: Callable[[World], Mapping[str, str]] = nothing
    after: Callable[[World, Said], None] = unseen
    codes: frozenset[int] = field(default=frozenset({0}))


def words(**words: str) -> Callable[[World], Mapping[str, str]]:
    """Return what only fills words in."""
    return lambda _world: words


def flags_of(world: World) -> Flags:
    """Return the platform's flags."""
    return Flags(SimpleNamespace(inventory=world.inventory, aws=world.aws))  # type: ignore[arg-type]


def says(word: str) -> Callable[[World, Said], None]:
    """Return what asserts that the answer holds a word."""

    def after(_world: World, said: Said) -> None:
        assert word in said.out

    return after


def rule(*, on: bool) -> Callable[[World], Mapping[str, str]]:
    """Return what enables the rule, or lets Vigia disable it."""

    def before(world: World) -> Mapping[str, str]:
        world.aws.client("events").enable_rule(Name=RULE)
        if not on:
            assert world.say("vigia act pause_processing").code == 0
        return {"RULE": RULE}

    return before


def rule_is(state: str) -> Callable[[World, Said], None]:
    """Return what asserts the state of the rule."""

    def after(world: World, _said: Said) -> None:
        assert world.aws.client("events").describe_rule(Name=RULE)["State"] == state

    return after
