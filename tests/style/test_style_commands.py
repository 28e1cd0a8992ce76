"""Every command of the documents runs, or is listed as one that cannot and names what exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from inventory.limiter import Quota
from simulator.scenarios import names
from tests.style.written_commands import DOCUMENTS, NOT_RUN, ROOT, Command, blocks, parse
from tests.style.written_platform import Platform, Said, platform
from vigia.__main__ import build_parser

ALL = [command for name in DOCUMENTS for block in blocks(name) for command in block]
WITH_COMMANDS = sorted({one.document for one in ALL if one.skipped is None})
ANSWERS = {
    # This Prometheus knows nothing: nothing is bad, and not all is known.
    "health": {3},
    # The window ends well; the health that is shown after it is as unknown.
    "maintenance end": {3},
    # Nothing was deployed here that could be rolled back: it is held, and says so.
    "act rollback_function": {1},
}
"""Exit codes other than 0 that are right here, by what the command begins with."""
AGAIN = ("check", "discover", "exporter", "generate", "plan")
"""What only reads, or writes the same: once is enough, however often it is written."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, alertmanager_url: str) -> Iterator[Platform]:
    """The platform, started once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("inventory.limiter.QUOTAS", {})
        patched.setattr("inventory.limiter.OTHERS", Quota(rate=1e6, burst=1e6, at_once=64))
        with platform(tmp_path_factory.mktemp("commands"), alertmanager_url) as made:
            yield made


@pytest.fixture(scope="module")
def answered() -> dict[str, Said]:
    """What was answered to commands that need to be asked only once."""
    return {}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_every_command_runs(name: str, place: Platform, answered: dict[str, Said]) -> None:
    """Each command of a document, in its order, ends as it should on the embedded platform."""
    for block in blocks(name):
        for command in block:
            if command.skipped is None and command.text not in answered:
                said = place.run(command)
                words = command.text.removeprefix(".venv/bin/vigia ")
                good = next((c for start, c in ANSWERS.items() if words.startswith(start)), {0})
                assert said.code in good, f"{command.text}: {said.code}\n{said.out}\n{said.err}"
                assert "Traceback" not in said.err
                if command.words[1:2] and command.words[1] in AGAIN:
                    answered[command.text] = said
        place.settle()


def test_every_command_is_run_or_listed() -> None:
    """No document has a command that is neither run nor listed, and nothing listed is gone."""
    assert [f"{one.document}: {one.text}" for one in ALL if not one.known] == []
    used = {one.skipped for one in ALL}
    assert [start for start, why in NOT_RUN.items() if why not in used] == []


def test_a_new_command_is_noticed() -> None:
    """A command of a program that nobody listed is not taken for one that was run."""
    found = parse("", "kubectl apply -f vigia.yaml  # as everywhere")
    assert found is not None
    assert found.words == ("kubectl", "apply", "-f", "vigia.yaml")
    assert not found.known


def skipped(start: str) -> list[Command]:
    """Return the commands that begin so and are not run."""
    return [one for one in ALL if one.skipped and one.text.startswith(start)]


def test_commands_that_are_not_run_are_understood() -> None:
    """The program's own parser takes them, and the scenarios and faults they name exist."""
    for command in skipped(".venv/bin/vigia "):
        args = vars(build_parser().parse_args(command.words[1:]))
        named = [args[key] for key in ("scenario", "name") if args.get(key)]
        assert set(named) <= set(names()), command.text


def test_targets_of_make_exist() -> None:
    """What `make` is asked for is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    found = {word for command in skipped("make ") for word in command.words[1:]}
    assert found
    assert found <= targets


def test_benchmarks_exist() -> None:
    """A benchmark that is named is a file."""
    for command in skipped(".venv/bin/python -m bench "):
        for word in command.words[3:]:
            assert (ROOT / "bench" / f"bench_{word}.py").is_file()


def test_what_compose_is_given_exists() -> None:
    """Files, profiles and services that `docker compose` is given are there."""
    stack = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    profiles = {name for one in stack["services"].values() for name in one.get("profiles", ())}
    commands = skipped("docker compose ")
    assert commands
    for command in commands:
        rest = {word for word in command.words[2:] if word not in {"up", "-d", "-f", "--profile"}}
        others = {word for word in rest if not (ROOT / word).is_file()}
        assert others <= profiles | set(stack["services"])


def test_parameters_of_the_stack_exist() -> None:
    """The deployment names the template, all parameters without default, and no others."""
    (command,) = skipped("aws cloudformation deploy")
    words = list(command.words)
    path = Path(words[words.index("--template-file") + 1])
    source = (ROOT / path).read_text(encoding="utf-8")
    parameters = yaml.safe_load(source)["Parameters"]
    given = {word.partition("=")[0] for word in words[words.index("--parameter-overrides") + 1 :]}
    needed = {name for name, one in parameters.items() if "Default" not in one}
    assert needed <= given <= set(parameters)
