"""AppConfig: the configuration that it hands out, and how its deployments fare.

A session's token is good for one call and lives a day; an empty answer means that nothing changed;
only an answer that holds a configuration costs more than a trifle (API reference of
GetLatestConfiguration). Token and answer are therefore kept together, also across restarts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from exporter.collector import CollectError, Context, Reason
from inventory.model import Inventory

# AppConfig's price list: each request, and each answer that holds a configuration.
USD_PER_REQUEST = 0.0000002
USD_PER_CONFIGURATION = 0.0008
LEAST_POLL = 15.0
_IN_FORCE = ("BAKING", "COMPLETE")
_TOKEN_SECONDS = 86_400.0
_MOST_POLL = 86_400.0
_NOT_FOUND = "ResourceNotFoundException"


@dataclass(frozen=True)
class Session:
    """A session of AppConfig's data plane, and the configuration that it last handed out.

    ``token`` is good for one call, not before ``due`` and not after ``expires`` (unix seconds);
    ``flags`` is None where the configuration was unreadable, which ``problem`` explains.
    """

    where: list[str]
    token: str
    due: float
    expires: float
    flags: dict[str, bool | None] | None = None
    problem: str | None = None

    @property
    def answered(self) -> bool:
        """Whether a configuration was handed out already."""
        return self.flags is not None or self.problem is not None


@dataclass(frozen=True)
class Rollout:
    """Deployments of the flags: the newest one, and the version that is in force."""

    state: str | None = None
    started: float | None = None
    completed: float | None = None
    version: str | None = None


def parse(content: bytes) -> dict[str, bool | None]:
    """Read a configuration: each flag and whether it is on; None where it has no plain state.

    AppConfig hands out the values of a flag profile; a freeform profile may hold the whole flag
    document (AppConfig user guide, "Type reference for AWS.AppConfig.FeatureFlags").

    Raises:
        CollectError: if it is no such document: it must not read as one without flags.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CollectError(Reason.ANSWER, "the flag configuration is not JSON") from error
    if isinstance(document, dict) and isinstance(document.get("version"), str):
        document = document.get("values")
    if not isinstance(document, dict):
        raise CollectError(Reason.ANSWER, "the flag configuration holds no flags")
    found = {}
    for name, value in document.items():
        enabled = value.get("enabled") if isinstance(value, dict) else None
        found[str(name)] = enabled if isinstance(enabled, bool) else None
    return found


def where_of(inventory: Inventory) -> list[str]:
    """Return the names of application, environment and profile."""
    config = inventory.appconfig
    return [config.application, config.environment, config.profile]


def deployed_flags(context: Context, documents: Mapping[str, Any]) -> dict[str, bool | None] | None:
    """Return the deployed flags; None where there is no such configuration.

    Raises:
        CollectError: if the configuration cannot be read.
    """
    kept = documents.get("session")
    session = Session(**kept) if kept and kept["where"] == where_of(context.inventory) else None
    try:
        session = _polled(context, session)
    except ClientError as error:
        if _code(error) != _NOT_FOUND:
            raise
        context.state.commit({"session": None})
        return None
    if session.flags is None:
        raise CollectError(Reason.ANSWER, session.problem or "the flag configuration is empty")
    return session.flags


def _polled(context: Context, session: Session | None) -> Session:
    now = context.now()
    if session is None or now >= session.expires:
        return _answered(context, _started(context))
    if session.answered and now < session.due <= now + _MOST_POLL:
        return session
    try:
        return _answered(context, session)
    except ClientError as error:
        if _code(error) != "BadRequestException":
            raise
        if session.answered and _problem(error) == "PollIntervalNotSatisfied":
            # Another replica may have asked just now: what is known is new enough.
            return session
        return _answered(context, _started(context))


def _started(context: Context) -> Session:
    _check_time(context, "StartConfigurationSession")
    application, environment, profile = where = where_of(context.inventory)
    answer = context.client("appconfigdata").start_configuration_session(
        ApplicationIdentifier=application,
        EnvironmentIdentifier=environment,
        ConfigurationProfileIdentifier=profile,
        # The least there is: our own cadence decides, and a run comes a little early at times.
        RequiredMinimumPollIntervalInSeconds=int(LEAST_POLL),
    )
    now = context.now()
    return Session(where, answer["InitialConfigurationToken"], now, now + _TOKEN_SECONDS)


def _answered(context: Context, session: Session) -> Session:
    """Ask for the configuration; an empty answer means that it is still the same."""
    _check_time(context, "GetLatestConfiguration")
    answer = context.client("appconfigdata").get_latest_configuration(
        ConfigurationToken=session.token
    )
    content = answer["Configuration"].read()
    attempts = 1 + int(answer.get("ResponseMetadata", {}).get("RetryAttempts", 0))
    usd = attempts * USD_PER_REQUEST + bool(content) * USD_PER_CONFIGURATION
    context.billed("appconfigdata", attempts, usd)
    now = context.now()
    following = replace(
        session,
        token=answer["NextPollConfigurationToken"],
        due=now + float(answer["NextPollIntervalInSeconds"]),
        expires=now + _TOKEN_SECONDS,
    )
    if content or not session.answered:
        try:
            following = replace(following, flags=parse(content), problem=None)
        except CollectError as error:
            following = replace(following, flags=None, problem=str(error))
    # A token is good for one call, and what it brought is handed out once.
    context.state.commit({"session": asdict(following)})
    return following


def read_rollout(context: Context, documents: Mapping[str, Any]) -> Rollout:
    """Read the environment's deployments; the ids behind the names are kept."""
    kept = documents.get("ids")
    where = where_of(context.inventory)
    if kept and kept["where"] == where:
        try:
            return _deployments(context, kept["ids"])
        except ClientError as error:
            if _code(error) != _NOT_FOUND:
                raise
    ids = _ids(context)
    if ids is None:
        return Rollout()
    context.state.commit({"ids": {"where": where, "ids": ids}})
    return _deployments(context, ids)


def _ids(context: Context) -> list[str] | None:
    config = context.inventory.appconfig
    application = _id(context, "list_applications", config.application)
    if application is None:
        return None
    inside = {"ApplicationId": application}
    environment = _id(context, "list_environments", config.environment, **inside)
    profile = _id(context, "list_configuration_profiles", config.profile, **inside)
    return [application, environment, profile] if environment and profile else None


def _id(context: Context, operation: str, wanted: str, **inside: str) -> str | None:
    for item in _items(context, operation, **inside):
        if wanted in (item["Id"], item["Name"]):
            return str(item["Id"])
    return None


def _items(context: Context, operation: str, **request: str) -> Iterator[Mapping[str, Any]]:
    call = getattr(context.client("appconfig"), operation)
    while True:
        _check_time(context, operation)
        page = call(**request)
        yield from page["Items"]
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _deployments(context: Context, ids: list[str]) -> Rollout:
    application, environment, profile = ids
    found = Rollout()
    inside = {"ApplicationId": application, "EnvironmentId": environment}
    # Newest first, by the API reference of ListDeployments.
    for item in _items(context, "list_deployments", **inside):
        if item["ConfigurationProfileId"] != profile:
            continue
        if found.state is None:
            started, completed = item.get("StartedAt"), item.get("CompletedAt")
            found = Rollout(
                item["State"],
                started.timestamp() if started else None,
                completed.timestamp() if completed else None,
            )
        if item["State"] in _IN_FORCE:
            return replace(found, version=str(item["ConfigurationVersion"]))
    return found


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _problem(error: ClientError) -> str | None:
    details: Any = error.response.get("Details", {})
    parameters = details.get("InvalidParameters", {})
    return next((found.get("Problem") for found in parameters.values()), None)


def _check_time(context: Context, operation: str) -> None:
    if context.remaining() <= 0:
        raise CollectError(Reason.TIMEOUT, f"no time left for {operation}")
