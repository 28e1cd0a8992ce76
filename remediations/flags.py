"""The feature flags in AppConfig as actions and guards see them: what is deployed, and since when.

Rules from the API references of ListDeployments (newest first), StartDeployment (one deployment
for each environment) and ListHostedConfigurationVersions. What is deployed is the newest COMPLETE
deployment's version: a version that was only created serves nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from inventory.model import Inventory
from remediations.action import Context, Observation, UnavailableError
from remediations.flag_documents import NotFlagsError, States, parse, states
from remediations.model import Run

TARGET = "flags"
DISABLE = "disable_flags"
MARK = "Vigia "
"""How the description of everything that a run creates begins; the run's id follows."""
STRATEGY: Mapping[str, Any] = {
    "Name": "vigia-at-once",
    "DeploymentDurationInMinutes": 0,
    "FinalBakeTimeInMinutes": 0,
    "GrowthFactor": 100.0,
    "GrowthType": "LINEAR",
    "ReplicateTo": "NONE",
}
"""AppConfig's own all-at-once strategy bakes ten minutes, in which an alarm may turn it back."""
IN_PROGRESS = frozenset({"DEPLOYING", "BAKING", "VALIDATING", "ROLLING_BACK"})
_COMPLETE = "COMPLETE"
_DOCUMENTS = 20
READS = (
    "appconfig:GetDeployment",
    "appconfig:GetHostedConfigurationVersion",
    "appconfig:ListApplications",
    "appconfig:ListConfigurationProfiles",
    "appconfig:ListDeploymentStrategies",
    "appconfig:ListDeployments",
    "appconfig:ListEnvironments",
    "appconfig:ListHostedConfigurationVersions",
)
WRITES = (
    "appconfig:CreateDeploymentStrategy",
    "appconfig:CreateHostedConfigurationVersion",
    "appconfig:StartDeployment",
    "appconfig:StopDeployment",
)


@dataclass(frozen=True)
class _Place:
    """The ids of the inventory's application, environment and profile."""

    application: str
    environment: str
    profile: str


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the flags, where there are any."""
    return (TARGET,) if inventory.appconfig.flags else ()


def not_critical(inventory: Inventory) -> tuple[str, ...]:
    """Return the flags that may be turned off without asking."""
    return tuple(flag.name for flag in inventory.appconfig.flags if not flag.critical)


def mark(run: Run) -> str:
    """Return the description by which what the run created is found again."""
    return f"{MARK}{run.id}"


def observe(context: Context, _run: Run) -> Observation:
    """Read what is deployed, what is in progress, and what runs of ours have created.

    ``problem`` says why the deployed document cannot be read; ``flags`` is None then.

    Raises:
        UnavailableError: if the application, environment or profile does not exist.
    """
    place = _place(context)
    versions = _versions(context, place)
    drafts = {
        str(one.get("Description")): one["VersionNumber"]
        for one in versions
        if str(one.get("Description") or "").startswith(MARK)
    }
    scanned, newest = _scan(context, place)
    seen: dict[str, Any] = {
        "where": [place.application, place.environment, place.profile],
        "deployment": None,
        "version": None,
        "content": None,
        "content_type": None,
        "flags": None,
        "problem": None,
        "busy": None,
        "newest": newest,
        "latest_version": max((one["VersionNumber"] for one in versions), default=0),
        "drafts": drafts,
        "started": _started(context, place, scanned, {str(number) for number in drafts.values()}),
        "strategy": _strategy(context),
    }
    for item in scanned:
        if item["State"] in IN_PROGRESS:
            seen["busy"] = _busy(context, place, item)
        elif _ours(place, item) and item["State"] == _COMPLETE:
            seen |= _deployed(context, place, item)
    return seen


def _scan(context: Context, place: _Place) -> tuple[list[Mapping[str, Any]], int]:
    """Return the deployments down to the one in force, and the newest one's number."""
    scanned: list[Mapping[str, Any]] = []
    for item in _deployments(context, place):
        scanned.append(item)
        if _ours(place, item) and item["State"] == _COMPLETE:
            break
    return scanned, scanned[0]["DeploymentNumber"] if scanned else 0


def _ours(place: _Place, item: Mapping[str, Any]) -> bool:
    return bool(item["ConfigurationProfileId"] == place.profile)


def _deployed(context: Context, place: _Place, item: Mapping[str, Any]) -> dict[str, Any]:
    answer = _document(context, place, str(item["ConfigurationVersion"]))
    found = {
        "deployment": item["DeploymentNumber"],
        "version": str(item["ConfigurationVersion"]),
        "content_type": answer["ContentType"],
    }
    try:
        document = parse(answer["Content"])
    except NotFlagsError as error:
        return {**found, "problem": str(error)}
    return {**found, "content": document, "flags": states(document)}


def _busy(context: Context, place: _Place, item: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        "number": item["DeploymentNumber"],
        "state": item["State"],
        "version": str(item["ConfigurationVersion"]),
        "description": _description(context, place, item),
        "flags": None,
    }
    if _ours(place, item):
        found["flags"] = _states(context, place, found["version"])
    return found


def _states(context: Context, place: _Place, version: str) -> States | None:
    try:
        return states(parse(_document(context, place, version)["Content"]))
    except NotFlagsError:
        return None
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise


def _document(context: Context, place: _Place, version: str) -> dict[str, Any]:
    if not version.isdigit():
        raise UnavailableError("flags_unreadable", f"version '{version[:60]}' is not hosted")
    answer = context.reader("appconfig").get_hosted_configuration_version(
        ApplicationId=place.application,
        ConfigurationProfileId=place.profile,
        VersionNumber=int(version),
    )
    return {"Content": answer["Content"].read(), "ContentType": answer["ContentType"]}


def _started(
    context: Context, place: _Place, scanned: list[Mapping[str, Any]], drafts: set[str]
) -> dict[str, list[Any]]:
    """Return number and state of deployments that runs of ours started, by description."""
    found: dict[str, list[Any]] = {}
    for item in scanned:
        if not _ours(place, item) or str(item["ConfigurationVersion"]) not in drafts:
            continue
        description = _description(context, place, item)
        found.setdefault(description, [item["DeploymentNumber"], item["State"]])
    return found


def _description(context: Context, place: _Place, item: Mapping[str, Any]) -> str:
    answer = context.reader("appconfig").get_deployment(
        ApplicationId=place.application,
        EnvironmentId=place.environment,
        DeploymentNumber=item["DeploymentNumber"],
    )
    return str(answer.get("Description"))


def turned_on(context: Context, since: float) -> dict[str, float]:
    """Return the flags that are on and were turned on since then, and when (unix seconds).

    What is in progress counts as on. A document that cannot be read proves nothing.

    Raises:
        UnavailableError: if the application, environment or profile does not exist.
    """
    place = _place(context)
    history: list[tuple[float, str]] = []
    for item in _deployments(context, place):
        started = item.get("StartedAt")
        if not _ours(place, item) or started is None:
            continue
        if item["State"] != _COMPLETE and item["State"] not in IN_PROGRESS:
            continue
        history.append((started.timestamp(), str(item["ConfigurationVersion"])))
        before = item["State"] == _COMPLETE and started.timestamp() < since
        if before or len(history) > _DOCUMENTS:
            break
    read: dict[str, States | None] = {}
    for _, version in history:
        if version not in read:
            read[version] = _states(context, place, version)
    # Before the very first deployment nothing was on; where history goes on, nothing is known.
    began = bool(history) and history[-1][0] >= since and len(history) <= _DOCUMENTS
    was: States | None = {} if began else None
    found: dict[str, float] = {}
    for at, version in reversed(history):
        now = read[version]
        for flag, enabled in (now or {}).items():
            if enabled and was is not None and not was.get(flag) and at >= since:
                found[flag] = at
        was = now
    return {flag: at for flag, at in found.items() if was and was.get(flag)}


def _place(context: Context) -> _Place:
    wanted = context.inventory.appconfig
    application = _id(context, "list_applications", wanted.application)
    inside = {"ApplicationId": application}
    return _Place(
        application,
        _id(context, "list_environments", wanted.environment, **inside),
        _id(context, "list_configuration_profiles", wanted.profile, **inside),
    )


def _id(context: Context, operation: str, wanted: str, **inside: str) -> str:
    for item in _items(context, operation, **inside):
        if wanted in (item["Id"], item["Name"]):
            return str(item["Id"])
    raise UnavailableError("target_missing", f"AppConfig has no '{wanted}'")


def _items(context: Context, operation: str, **inside: str) -> Iterator[Mapping[str, Any]]:
    for page in context.reader("appconfig").get_paginator(operation).paginate(**inside):
        yield from page["Items"]


def _deployments(context: Context, place: _Place) -> Iterator[Mapping[str, Any]]:
    inside = {"ApplicationId": place.application, "EnvironmentId": place.environment}
    return _items(context, "list_deployments", **inside)


def _versions(context: Context, place: _Place) -> list[Mapping[str, Any]]:
    inside = {"ApplicationId": place.application, "ConfigurationProfileId": place.profile}
    return list(_items(context, "list_hosted_configuration_versions", **inside))


def _strategy(context: Context) -> str | None:
    """Return our strategy's id; names are not unique, so what it does must be right too."""
    for item in _items(context, "list_deployment_strategies"):
        if all(item.get(name) == value for name, value in STRATEGY.items()):
            return str(item["Id"])
    return None
