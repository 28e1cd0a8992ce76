"""CodeDeploy on Lambda, ours: deployments that move aliases, stop, and roll back.

States and fields follow the API reference of GetDeployment and StopDeployment. Only AppSpec
content in JSON is spoken; canary and linear configurations shift once, then finish.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.codedeploy.exceptions import CodeDeployException
from moto.codedeploy.responses import CodeDeployResponse
from moto.core.responses import ActionResult

from simulator.aws import lambda_functions

_CANARY = re.compile(r"LambdaCanary(\d+)Percent(\d+)Minutes")
_CONFIG = re.compile(r"Lambda(Canary|Linear|AllAtOnce)")
_LINEAR = re.compile(r"LambdaLinear(\d+)PercentEvery(\d+)Minutes?")
_PAGE = 25
_GROUPS_AT_ONCE = 100
_ROLLBACK = "codeDeployRollback"
ENDED = frozenset({"Succeeded", "Failed", "Stopped"})


class _Error(CodeDeployException):
    code = 400


@dataclass
class Deployment:
    """One deployment of a version to an alias."""

    id: str
    application: str
    group: str
    function: str
    alias: str
    current: str
    target: str
    config: str
    content: str
    created: float
    creator: str = "user"
    status: str = "Created"
    completed: float | None = None
    rollback: dict[str, str] = field(default_factory=dict)
    description: str | None = None

    def describe(self) -> dict[str, Any]:
        """Return the ``deploymentInfo`` of the API."""
        counts = dict.fromkeys(("Pending", "InProgress", "Succeeded", "Failed", "Skipped"), 0)
        counts[self.status if self.status in counts else "InProgress"] = 1
        return {
            "deploymentId": self.id,
            "applicationName": self.application,
            "deploymentGroupName": self.group,
            "deploymentConfigName": self.config,
            "computePlatform": "Lambda",
            "status": self.status,
            "creator": self.creator,
            "createTime": _time(self.created),
            "startTime": None if self.status == "Created" else _time(self.created),
            "completeTime": _time(self.completed),
            "revision": {
                "revisionType": "AppSpecContent",
                "appSpecContent": {"content": self.content},
            },
            "deploymentOverview": counts,
            "rollbackInfo": self.rollback,
            "description": self.description,
        }

    def summary(self) -> dict[str, Any]:
        """Return the ``lastAttemptedDeployment`` of the API."""
        return {
            "deploymentId": self.id,
            "status": self.status,
            "createTime": _time(self.created),
            "endTime": _time(self.completed),
        }


def _time(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


class Deployments:
    """Every deployment, advanced by ``now`` whenever somebody looks.

    ``rollback_seconds`` is how long a rollback by CodeDeploy itself takes; ``stop_seconds`` how
    long a stop, which answers Pending meanwhile.
    """

    def __init__(self, region: str, now: Callable[[], float]) -> None:
        self._region = region
        self._now = now
        self._all: dict[str, Deployment] = {}
        self._hanging: dict[str, str | None] = {}
        self._stopping: dict[str, tuple[float, bool]] = {}
        self.rollback_seconds = 0.0
        self.stop_seconds = 0.0

    def hang(self, deployment_id: str, *, on: bool = True, status: str | None = None) -> None:
        """Let a deployment go on for ever, as when a hook of its never answers; or no more.

        With ``status`` it stays in that one.
        """
        self._hanging.pop(deployment_id, None)
        if on:
            self._hanging[deployment_id] = status
            deployment = self._all[deployment_id]
            deployment.status = status or deployment.status

    def create(
        self,
        application: str,
        group: str,
        content: str,
        config: str,
        description: str | None = None,
    ) -> Deployment:
        """Start a deployment.

        Raises:
            CodeDeployException: for content or a configuration it does not know, or a busy group.
        """
        properties = _properties(content)
        if not _CONFIG.search(config):
            raise _Error("DeploymentConfigDoesNotExistException", f"{config} does not exist")
        busy = [d for d in self.all() if d.group == group and d.status not in ENDED]
        if busy:
            raise _Error("DeploymentLimitExceededException", f"{busy[0].id} is in progress")
        made = self._start(application, group, content, config, properties, "user")
        made.description = description
        return made

    def record(self, deployment: Deployment) -> None:
        """Add a deployment of the past."""
        self._all[deployment.id] = deployment

    def all(self) -> list[Deployment]:
        """Return every deployment, newest first."""
        for deployment in list(self._all.values()):
            self._advance(deployment)
        return sorted(self._all.values(), key=lambda d: d.created, reverse=True)

    def get(self, deployment_id: str) -> Deployment:
        """Return one deployment; raises CodeDeployException when there is none."""
        if deployment_id not in self._all:
            raise _Error("DeploymentDoesNotExistException", f"{deployment_id} does not exist")
        self._advance(self._all[deployment_id])
        return self._all[deployment_id]

    def last(self, application: str, group: str) -> Deployment | None:
        """Return a group's newest deployment."""
        where = (application, group)
        return next((d for d in self.all() if (d.application, d.group) == where), None)

    def known(self, deployment_ids: list[str]) -> list[Deployment]:
        """Return those of the deployments that exist."""
        return [self.get(one) for one in deployment_ids if one in self._all]

    def forget(self, deployment_id: str) -> None:
        """Let a deployment be as if it had never been."""
        del self._all[deployment_id]

    def stop(self, deployment_id: str, *, roll_back: bool) -> Deployment:
        """Stop a deployment; with ``roll_back`` the alias returns by a deployment of its own."""
        deployment = self.get(deployment_id)
        if deployment.status in ENDED:
            raise _Error("DeploymentAlreadyCompletedException", "already completed")
        self._stopping.setdefault(deployment_id, (self._now() + self.stop_seconds, roll_back))
        self._advance(deployment)
        return deployment

    def fail(self, deployment_id: str, *, roll_back: bool) -> Deployment:
        """Let a deployment fail as by an alarm or a hook of its group."""
        return self._end(self.get(deployment_id), "Failed", roll_back=roll_back)

    def _end(self, deployment: Deployment, status: str, *, roll_back: bool) -> Deployment:
        deployment.status, deployment.completed = status, self._now()
        if roll_back:
            properties = {
                "Name": deployment.function,
                "Alias": deployment.alias,
                "CurrentVersion": deployment.target,
                "TargetVersion": deployment.current,
            }
            content = app_spec(
                deployment.function, deployment.alias, deployment.target, deployment.current
            )
            undo = self._start(
                deployment.application,
                deployment.group,
                content,
                "CodeDeployDefault.LambdaAllAtOnce",
                properties,
                _ROLLBACK,
            )
            undo.rollback = {"rollbackTriggeringDeploymentId": deployment.id}
            deployment.rollback = {"rollbackDeploymentId": undo.id}
        return deployment

    def _start(
        self,
        application: str,
        group: str,
        content: str,
        config: str,
        properties: dict[str, str],
        creator: str,
    ) -> Deployment:
        deployment = Deployment(
            id=f"d-{secrets.token_hex(5).upper()[:9]}",
            application=application,
            group=group,
            function=properties["Name"],
            alias=properties["Alias"],
            current=str(properties["CurrentVersion"]),
            target=str(properties["TargetVersion"]),
            config=config,
            content=content,
            created=self._now(),
            creator=creator,
        )
        self._all[deployment.id] = deployment
        self._advance(deployment)
        return deployment

    def _advance(self, deployment: Deployment) -> None:
        if deployment.status in ENDED:
            return
        if deployment.id in self._stopping:
            due, roll_back = self._stopping[deployment.id]
            if self._now() >= due:
                self._end(deployment, "Stopped", roll_back=roll_back)
            return
        share, minutes = _shape(deployment.config)
        by_itself = deployment.creator == _ROLLBACK
        seconds = minutes * 60 + (self.rollback_seconds if by_itself else 0.0)
        if self._now() >= deployment.created + seconds and deployment.id not in self._hanging:
            deployment.status, deployment.completed = "Succeeded", self._now()
            self._move(deployment, deployment.target, {})
        elif deployment.status == "Created" and not self._hanging.get(deployment.id):
            deployment.status = "InProgress"
            if not by_itself:
                self._move(deployment, deployment.current, {deployment.target: share})

    def _move(self, deployment: Deployment, version: str, weights: dict[str, float]) -> None:
        lambda_functions.move_alias(
            self._region,
            deployment.function,
            deployment.alias,
            version,
            {"AdditionalVersionWeights": weights},
        )


def app_spec(function: str, alias: str, current: str, target: str) -> str:
    """Return the AppSpec content that moves ``alias`` from ``current`` to ``target``."""
    properties = {
        "Name": function,
        "Alias": alias,
        "CurrentVersion": current,
        "TargetVersion": target,
    }
    resource = {function: {"Type": "AWS::Lambda::Function", "Properties": properties}}
    return json.dumps({"version": 0.0, "Resources": [resource]})


def _properties(content: str) -> dict[str, str]:
    try:
        resources = json.loads(content)["Resources"]
        first = resources[0] if isinstance(resources, list) else resources
        properties: dict[str, str] = next(iter(first.values()))["Properties"]
    except (ValueError, KeyError, IndexError, TypeError, StopIteration) as error:
        raise _Error("InvalidRevisionException", "the AppSpec content is not understood") from error
    return properties


def _shape(config: str) -> tuple[float, int]:
    if match := _CANARY.search(config):
        return int(match.group(1)) / 100, int(match.group(2))
    if match := _LINEAR.search(config):
        step = int(match.group(1))
        return step / 100, int(match.group(2)) * (100 // step)
    return 1.0, 0


def install(deployments: Deployments) -> None:
    """Answer CodeDeploy's deployment calls from ``deployments``; groups stay moto's."""

    def create_deployment(self: CodeDeployResponse) -> ActionResult:
        application = self._get_param("applicationName")
        group = self._get_param("deploymentGroupName")
        known = self.codedeploy_backend.get_deployment_group(application, group)
        revision = self._get_param("revision") or {}
        content = (revision.get("appSpecContent") or revision.get("string") or {}).get("content")
        config = self._get_param("deploymentConfigName") or str(known.deployment_config_name)
        described = self._get_param("description")
        created = deployments.create(application, group, content or "", config, described)
        return ActionResult({"deploymentId": created.id})

    def get_deployment(self: CodeDeployResponse) -> ActionResult:
        found = deployments.get(self._get_param("deploymentId"))
        return ActionResult({"deploymentInfo": found.describe()})

    def batch_get_deployments(self: CodeDeployResponse) -> ActionResult:
        wanted = self._get_param("deploymentIds") or []
        if len(wanted) > _PAGE:
            raise _Error("BatchLimitExceededException", f"{_PAGE} deployments at most")
        found = deployments.known(wanted)
        return ActionResult({"deploymentsInfo": [one.describe() for one in found]})

    def batch_get_deployment_groups(self: CodeDeployResponse) -> ActionResult:
        application = self._get_param("applicationName")
        self.codedeploy_backend.get_application(application)
        groups = self.codedeploy_backend.deployment_groups.get(application, {})
        wanted = self._get_param("deploymentGroupNames") or []
        return ActionResult(_groups(deployments, application, wanted, set(groups)))

    def stop_deployment(self: CodeDeployResponse) -> ActionResult:
        roll_back = bool(self._get_param("autoRollbackEnabled"))
        found = deployments.stop(self._get_param("deploymentId"), roll_back=roll_back)
        status = "Succeeded" if found.status in ENDED else "Pending"
        return ActionResult({"status": status, "statusMessage": ""})

    def list_deployments(self: CodeDeployResponse) -> ActionResult:
        return ActionResult(_list(self._get_params(), deployments.all()))

    def list_deployment_targets(self: CodeDeployResponse) -> ActionResult:
        found = deployments.get(self._get_param("deploymentId"))
        return ActionResult({"targetIds": [f"{found.function}:{found.alias}"]})

    for method in (
        create_deployment,
        get_deployment,
        batch_get_deployments,
        batch_get_deployment_groups,
        stop_deployment,
        list_deployments,
        list_deployment_targets,
    ):
        setattr(CodeDeployResponse, method.__name__, method)


def _groups(
    deployments: Deployments, application: str, wanted: list[str], existing: set[str]
) -> dict[str, Any]:
    if len(wanted) > _GROUPS_AT_ONCE:
        raise _Error("BatchLimitExceededException", f"{_GROUPS_AT_ONCE} groups at most")
    found = []
    for name in [name for name in wanted if name in existing]:
        last = deployments.last(application, name)
        found.append(
            {
                "applicationName": application,
                "deploymentGroupName": name,
                "lastAttemptedDeployment": last.summary() if last else None,
            }
        )
    return {"deploymentGroupsInfo": found}


def _list(params: dict[str, Any], found: list[Deployment]) -> dict[str, Any]:
    named = [params.get(name) for name in ("applicationName", "deploymentGroupName")]
    if None in named and named != [None, None]:
        missing = ("Application", "DeploymentGroup")[named.index(None)]
        raise _Error(f"{missing}NameRequiredException", "name both, or neither")
    statuses = params.get("includeOnlyStatuses")
    window = params.get("createTimeRange") or {}
    start, end = (window.get(name) for name in ("start", "end"))
    matching = [
        deployment.id
        for deployment in found
        if params.get("applicationName") in (None, deployment.application)
        and params.get("deploymentGroupName") in (None, deployment.group)
        and (not statuses or deployment.status in statuses)
        and (start is None or deployment.created >= _stamp(start))
        and (end is None or deployment.created <= _stamp(end))
    ]
    offset = int(params.get("nextToken") or 0)
    answer: dict[str, Any] = {"deployments": matching[offset : offset + _PAGE]}
    if offset + _PAGE < len(matching):
        answer["nextToken"] = str(offset + _PAGE)
    return answer


def _stamp(value: Any) -> float:
    return value.timestamp() if isinstance(value, datetime) else float(value)
