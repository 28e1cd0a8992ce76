"""Scenarios: a scripted fault each, and what must come of it. One YAML file each.

A script is a list of steps, each with what it waits for: faults that come and go, and what people
do at that point. See :mod:`simulator.expect` for the other half.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from catalogue.text import Locale, Text
from simulator.expect import Expect, Part
from simulator.faults import AnyFault
from simulator.scenarios import FOLDER, names


class ScenarioError(Exception):
    """There is no such scenario, or its file cannot be used."""


class When(Part):
    """What a step waits for; everything named must be so, and since ``after`` seconds.

    ``alert`` fires (of ``target``, where given), ``quiet`` does not fire; a run of ``run`` on
    ``target`` is in the state, or has the outcome or reason that is given; ``told``: people heard
    of that alert.
    """

    alert: str | None = None
    quiet: str | None = None
    target: str | None = None
    run: str | None = None
    state: str | None = None
    outcome: str | None = None
    reason: str | None = None
    told: str | None = None
    after: Annotated[float, Field(ge=0)] = 0.0


class Approves(Part):
    """A person approves the plan that waits, having seen it."""

    does: Literal["approves"]
    action: str
    target: str


class Acts(Part):
    """A person asks for an action by hand, looks at its plan and approves that."""

    does: Literal["acts"]
    action: str
    target: str | None = None
    params: Mapping[str, Any] = {}


class Switches(Part):
    """A person pauses every action, or lets them go on."""

    does: Literal["pauses", "resumes"]


AnyDeed = Annotated[Approves | Acts | Switches, Field(discriminator="does")]


class Step(Part):
    """One thing that happens: a fault, its end, or what a person does."""

    when: When = When()
    fault: AnyFault | None = None
    clear: str | None = None
    person: AnyDeed | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        if sum(part is not None for part in (self.fault, self.clear, self.person)) != 1:
            raise ValueError("a step is a fault, the kind of one to clear, or what a person does")
        return self


class Scenario(Part):
    """A scripted fault with its description in both languages."""

    name: str
    pt: str
    en: str
    script: Annotated[tuple[Step, ...], Field(min_length=1)]
    expect: Expect

    def description(self, locale: Locale) -> str:
        """Return the description."""
        return Text(self.pt, self.en).in_(locale)

    @model_validator(mode="after")
    def _clears_what_it_injects(self) -> Scenario:
        begun: set[str] = set()
        for step in self.script:
            if step.fault is not None:
                begun.add(step.fault.kind)
            if step.clear is not None and step.clear not in begun:
                raise ValueError(f"'{step.clear}' is cleared before it is injected")
        return self


def load(name: str) -> Scenario:
    """Read a scenario.

    Raises:
        ScenarioError: in one line.
    """
    if name not in names():
        raise ScenarioError(f"there is no scenario '{name}'; there are: {', '.join(names())}")
    try:
        document = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
        return Scenario.model_validate({"name": name, **document})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ScenarioError(f"{name}.yaml: {where}: {first['msg']}") from error
    except (yaml.YAMLError, TypeError) as error:
        raise ScenarioError(f"{name}.yaml: {str(error).splitlines()[0]}") from error
