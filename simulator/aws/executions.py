"""Step Functions, ours: RedriveExecution, which moto lacks.

Only an execution that failed, was stopped or timed out can be redriven; the same client token is
the same redrive (API reference of RedriveExecution).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.stepfunctions.models import Execution
from moto.stepfunctions.responses import StepFunctionResponse

from simulator.aws.extend import extend, original

_REDRIVABLE = ("FAILED", "ABORTED", "TIMED_OUT")


def install(now: Callable[[], float]) -> None:
    """Answer RedriveExecution, and count redrives in DescribeExecution."""
    redriven: dict[str, set[str]] = {}
    describe = original(StepFunctionResponse, "describe_execution")

    def find(self: StepFunctionResponse) -> Execution:
        arn = json.loads(self.body)["executionArn"]
        execution: Execution = self.stepfunction_backend.describe_execution(arn)
        return execution

    def redrive_execution(self: StepFunctionResponse) -> ActionResult:
        execution, token = find(self), json.loads(self.body).get("clientToken", "")
        tokens = redriven.setdefault(execution.execution_arn, set())
        if not token or token not in tokens:
            if execution.status not in _REDRIVABLE:
                raise JsonRESTError("ExecutionNotRedrivable", f"it is {execution.status}")
            tokens.add(token or str(len(tokens)))
            execution.status, execution.stop_date = "RUNNING", None
        return ActionResult({"redriveDate": now()})

    def describe_execution(self: StepFunctionResponse) -> Any:
        answer = describe(self)
        answer.result["redriveCount"] = len(redriven.get(find(self).execution_arn, ()))
        return answer

    extend(StepFunctionResponse, redrive_execution, describe_execution)
