"""Scenarios: scripted faults and what must come of them, one YAML file each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalogue.text import Locale, Text

_FOLDER = Path(__file__).parent / "scenarios"


class ScenarioError(Exception):
    """There is no such scenario, or its file cannot be used."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BadDeploy(_Part):
    """Publish and deploy a version of ``function`` that fails ``error_share`` of invocations."""

    kind: Literal["bad_deploy"]
    function: str
    error_share: Annotated[float, Field(gt=0, le=1)]


class SlowInflux(_Part):
    """Make every write to InfluxDB take ``seconds``."""

    kind: Literal["slow_influx"]
    seconds: Annotated[float, Field(gt=0)]


class Expect(_Part):
    """What must come of it: an alert, a run that ends well, or a page and nothing else."""

    alert: str
    target: str
    receiver: str
    action: str | None = None
    acted_within: float | None = None
    ended_within: float = 180.0


class Scenario(_Part):
    """One fault with its description in both languages."""

    name: str
    pt: str
    en: str
    fault: Annotated[BadDeploy | SlowInflux, Field(discriminator="kind")]
    expect: Expect

    def description(self, locale: Locale) -> str:
        """Return the description."""
        return Text(self.pt, self.en).in_(locale)


def names() -> tuple[str, ...]:
    """Return the names of every scenario."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def load(name: str) -> Scenario:
    """Read a scenario.

    Raises:
        ScenarioError: in one line.
    """
    if name not in names():
        raise ScenarioError(f"there is no scenario '{name}'; there are: {', '.join(names())}")
    try:
        document = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
        return Scenario.model_validate({"name": name, **document})
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise ScenarioError(f"{name}.yaml: {str(error).splitlines()[0]}") from error
