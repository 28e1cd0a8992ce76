"""IAM, ours: SimulatePrincipalPolicy over the policies that a user or role really has.

Each policy is judged by moto's own evaluation; an explicit denial wins, nothing said is a denial.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, Role, User, iam_backends
from moto.iam.responses import IamResponse

from simulator.aws.extend import extend


def install_simulation() -> None:
    """Answer SimulatePrincipalPolicy."""

    def simulate_principal_policy(self: IamResponse) -> ActionResult:
        backend = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
        held = [IAMPolicy(text) for text in _policies(backend, self._get_param("PolicySourceArn"))]
        resources = self._get_param("ResourceArns") or ["*"]
        results = [
            {"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": decision}
            for action in self._get_param("ActionNames")
            for resource in resources
            for decision in [_decision(held, action, resource)]
        ]
        return ActionResult({"EvaluationResults": results, "IsTruncated": False})

    extend(IamResponse, simulate_principal_policy)


def _decision(policies: list[IAMPolicy], action: str, resource: str) -> str:
    verdicts = [policy.is_action_permitted(action, resource) for policy in policies]
    if PermissionResult.DENIED in verdicts:
        return "explicitDeny"
    return "allowed" if PermissionResult.PERMITTED in verdicts else "implicitDeny"


def _policies(backend: IAMBackend, arn: str) -> Iterator[Any]:
    holders: list[Role | User] = [*backend.roles.values(), *backend.users.values()]
    for holder in holders:
        if holder.arn == arn:
            yield from holder.policies.values()
            yield from holder.managed_policies.values()
            return
    raise NotFoundException(f"The principal {arn} cannot be found.")
