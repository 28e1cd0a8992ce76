"""CodeDeploy: what was deployed to each function lately, what is under way, what was undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.collector import CollectError, Collector, Context, Reading, Reason, Use
from exporter.deployment_history import ENDED, Deployment, History, newest, parse_last
from exporter.enums import states
from exporter.samples import Series
from inventory.model import Inventory

COUNT = MetricSpec(
    "dataplatform_deployments",
    Kind.GAUGE,
    ("deployment_group", "status"),
    Text(
        "Implantações criadas na janela do inventário, por estado",
        "Deployments created within the inventory's look-back, by status",
    ),
)
IN_PROGRESS = MetricSpec(
    "dataplatform_deployments_in_progress",
    Kind.GAUGE,
    ("deployment_group",),
    Text("Implantações em andamento", "Deployments in progress"),
)
ROLLBACKS = MetricSpec(
    "dataplatform_deployments_rolled_back",
    Kind.GAUGE,
    ("deployment_group",),
    Text(
        "Reversões feitas pelo próprio CodeDeploy na janela do inventário",
        "Rollbacks by CodeDeploy itself within the inventory's look-back",
    ),
)
GROUP_INFO = MetricSpec(
    "dataplatform_deployment_group_info",
    Kind.GAUGE,
    ("function", "deployment_group"),
    Text("Grupo de implantação da função; sempre 1", "Deployment group of the function; always 1"),
)
STATUS = MetricSpec(
    "dataplatform_deployment_status",
    Kind.GAUGE,
    ("function", "status"),
    Text(
        "1 no estado da implantação mais nova da função, 0 nos outros",
        "1 for the status of the function's newest deployment, 0 for the others",
    ),
)
CREATED = MetricSpec(
    "dataplatform_deployment_created_timestamp_seconds",
    Kind.GAUGE,
    ("function",),
    Text(
        "Quando a implantação mais nova foi criada; ausente se nunca houve",
        "When the newest deployment was created; absent if there never was one",
    ),
)
STARTED = MetricSpec(
    "dataplatform_deployment_started_timestamp_seconds",
    Kind.GAUGE,
    ("function",),
    Text(
        "Quando a implantação mais nova começou; ausente até começar",
        "When the newest deployment started; absent until it does",
    ),
)
COMPLETED = MetricSpec(
    "dataplatform_deployment_completed_timestamp_seconds",
    Kind.GAUGE,
    ("function",),
    Text(
        "Quando a implantação mais nova terminou; ausente enquanto está em andamento",
        "When the newest deployment ended; absent while it is in progress",
    ),
)
SPECS = (COUNT, IN_PROGRESS, ROLLBACKS, GROUP_INFO, STATUS, CREATED, STARTED, COMPLETED)

STATUSES = ("Created", "Queued", "InProgress", "Baking", "Ready", *ENDED)
_BY_CODEDEPLOY = "codeDeployRollback"
_NO_APPLICATION = "ApplicationDoesNotExistException"
_DEPLOYMENTS_AT_ONCE = 25
_GROUPS_AT_ONCE = 100


@dataclass(frozen=True)
class Group:
    """A deployment group of the inventory and the keys of the functions that it deploys."""

    name: str
    scope: str | None
    functions: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name, with the scope where it is not the main one."""
        return self.name if self.scope is None else f"{self.name}@{self.scope}"


def collect(context: Context) -> Reading:
    """Bring the history of every group up to date, asking only for what may have changed."""
    groups = _groups(context.inventory)
    documents = context.state.load()
    now = context.now()
    since = now - context.inventory.collection.deployments_lookback
    series: list[Series] = []
    missing: list[str] = []
    for scope in dict.fromkeys(group.scope for group in groups):
        members = [group for group in groups if group.scope == scope]
        last = _existing(context, scope, members)
        missing += [group.key for group in members if group.key not in last]
        if not last:
            continue
        kept = {group.key: documents.get(_group_key(group.key)) for group in members}
        history = History.of(kept, documents.get(_scope_key(scope), {}))
        _update(context, scope, members, history)
        for group in members:
            if group.key in last:
                known = [*history.deployments[group.key].values()]
                series.extend(_series(group, known, last[group.key], since))
    gone = _gone(documents, groups)
    if gone:
        context.state.commit(gone)
    return Reading(
        tuple(series),
        expected=len(groups),
        seen=len(groups) - len(missing),
        missing=tuple(missing),
    )


def _groups(inventory: Inventory) -> list[Group]:
    functions: dict[tuple[str, str | None], list[str]] = {}
    for function in inventory.functions:
        if function.deployment_group is not None:
            where = (function.deployment_group, function.scope)
            functions.setdefault(where, []).append(function.key)
    return [Group(name, scope, tuple(keys)) for (name, scope), keys in functions.items()]


def _existing(
    context: Context, scope: str | None, groups: Sequence[Group]
) -> dict[str, Deployment | None]:
    """Return the last attempt by group key, for the groups that AWS has."""
    found: dict[str, Deployment | None] = {}
    by_name = {group.name: group.key for group in groups}
    names = list(by_name)
    for start in range(0, len(names), _GROUPS_AT_ONCE):
        _check_time(context, "BatchGetDeploymentGroups")
        try:
            answer = context.client("codedeploy", scope).batch_get_deployment_groups(
                applicationName=context.inventory.codedeploy.application,
                deploymentGroupNames=names[start : start + _GROUPS_AT_ONCE],
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != _NO_APPLICATION:
                raise
            return {}
        for info in answer["deploymentGroupsInfo"]:
            last = parse_last(info.get("lastAttemptedDeployment") or {})
            found[by_name[info["deploymentGroupName"]]] = last
    return found


def _update(context: Context, scope: str | None, groups: Sequence[Group], history: History) -> None:
    """List what was created since the last time, and read what is new or was running."""
    now, lookback = context.now(), context.inventory.collection.deployments_lookback
    application = context.inventory.codedeploy.application
    by_name = {group.name: group.key for group in groups}

    def owner(info: Mapping[str, Any]) -> str | None:
        if info.get("applicationName") != application:
            return None
        return by_name.get(info.get("deploymentGroupName", ""))

    if history.since is None:
        # Until all is read, another run must not believe that it was.
        context.state.commit({_scope_key(scope): None})
    start = history.list_from(now, lookback)
    unread = history.unread(list(_ids(context, scope, start)))
    for at in range(0, len(unread), _DEPLOYMENTS_AT_ONCE):
        _check_time(context, "BatchGetDeployments")
        asked = unread[at : at + _DEPLOYMENTS_AT_ONCE]
        answer = context.client("codedeploy", scope).batch_get_deployments(deploymentIds=asked)
        touched = history.learn(asked, answer["deploymentsInfo"], owner)
        # Kept at once: a first start may have more to read than one run has time for.
        context.state.commit({_group_key(key): history.group_document(key) for key in touched})
    touched = history.settle(start, now, lookback)
    context.state.commit(
        {
            _scope_key(scope): history.listed_document(),
            **{_group_key(key): history.group_document(key) for key in touched},
        }
    )


def _ids(context: Context, scope: str | None, start: float) -> Iterator[str]:
    """List every deployment of the account: a listing by group needs a call for each of them."""
    request: dict[str, Any] = {"createTimeRange": {"start": datetime.fromtimestamp(start, UTC)}}
    while True:
        _check_time(context, "ListDeployments")
        page = context.client("codedeploy", scope).list_deployments(**request)
        yield from page["deployments"]
        if not page.get("nextToken"):
            return
        request["nextToken"] = page["nextToken"]


def _check_time(context: Context, operation: str) -> None:
    if context.remaining() <= 0:
        raise CollectError(Reason.TIMEOUT, f"no time left for {operation}")


def _newest(known: Sequence[Deployment], last: Deployment | None) -> Deployment | None:
    # The group's own word reaches beyond the look-back, but tells less of the same deployment.
    found = newest(known)
    return last if found is None or (last and last.created > found.created) else found


def _series(
    group: Group, known: Sequence[Deployment], last: Deployment | None, since: float
) -> Iterator[Series]:
    recent = [deployment for deployment in known if deployment.created >= since]
    counts = dict.fromkeys(STATUSES, 0)
    for deployment in recent:
        counts[deployment.status] = counts.get(deployment.status, 0) + 1
    for status, count in counts.items():
        yield Series(COUNT, (group.key, status), float(count))
    running = sum(1 for deployment in known if not deployment.ended)
    yield Series(IN_PROGRESS, (group.key,), float(running))
    undone = sum(1 for deployment in recent if deployment.creator == _BY_CODEDEPLOY)
    yield Series(ROLLBACKS, (group.key,), float(undone))
    latest = _newest(known, last)
    for function in group.functions:
        yield Series(GROUP_INFO, (function, group.key), 1.0)
        if latest is None:
            continue
        yield from states(STATUS, (function,), STATUSES, latest.status)
        times = (
            (CREATED, latest.created),
            (STARTED, latest.started),
            (COMPLETED, latest.completed),
        )
        for spec, at in times:
            if at is not None:
                yield Series(spec, (function,), at)


def _gone(documents: Mapping[str, Any], groups: Sequence[Group]) -> dict[str, None]:
    known = {_group_key(group.key) for group in groups}
    known |= {_scope_key(group.scope) for group in groups}
    return {key: None for key in documents if key not in known}


def _group_key(key: str) -> str:
    return f"group/{key}"


def _scope_key(scope: str | None) -> str:
    return f"scope/{scope or ''}"


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends while nothing is deployed: what has ended is never read again."""
    groups = _groups(inventory)
    scopes: dict[str | None, int] = {}
    for group in groups:
        scopes[group.scope] = scopes.get(group.scope, 0) + 1
    batches = sum(-(-count // _GROUPS_AT_ONCE) for count in scopes.values())
    return (
        Use("codedeploy", "BatchGetDeploymentGroups", batches),
        Use("codedeploy", "ListDeployments", len(scopes)),
    )


COLLECTOR = Collector(
    name="deployments",
    specs=SPECS,
    iam=(
        "codedeploy:BatchGetDeploymentGroups",
        "codedeploy:BatchGetDeployments",
        "codedeploy:ListDeployments",
    ),
    every=lambda inventory: inventory.collection.control_plane_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda inventory: max(inventory.collection.control_plane_every, 10.0),
    collect=collect,
    uses=uses,
)
