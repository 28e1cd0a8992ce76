"""Step Functions: what runs, since when, and how executions ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import deadline, views
from exporter.collector import Collector, Context, Reading, Use
from exporter.described import reading, unless_missing
from exporter.samples import Series
from exporter.views import View
from inventory.model import Inventory
from inventory.resources import StateMachine

INFO = MetricSpec(
    "dataplatform_state_machine_info",
    Kind.GAUGE,
    ("state_machine", "type"),
    Text(
        "Tipo da máquina de estados; as execuções de uma 'express' não se podem listar; sempre 1",
        "Type of the state machine; executions of an 'express' one cannot be listed; always 1",
    ),
)
RUNNING = MetricSpec(
    "dataplatform_state_machine_running_executions",
    Kind.GAUGE,
    ("state_machine",),
    Text(
        "Execuções em andamento; ausente para o tipo 'express'",
        "Executions that are running; absent for the type 'express'",
    ),
)
TRUNCATED = MetricSpec(
    "dataplatform_state_machine_running_executions_truncated",
    Kind.GAUGE,
    ("state_machine",),
    Text(
        "1 se há mais execuções em andamento do que se contaram",
        "1 if more executions are running than were counted",
    ),
)
OLDEST = MetricSpec(
    "dataplatform_state_machine_oldest_running_timestamp_seconds",
    Kind.GAUGE,
    ("state_machine",),
    Text(
        "Início da execução em andamento mais antiga; ausente se não há ou não se sabe",
        "Start of the oldest running execution; absent if there is none or it is not known",
    ),
)
STARTED = MetricSpec(
    "dataplatform_state_machine_executions_started_total",
    Kind.COUNTER,
    ("state_machine",),
    Text("Execuções iniciadas", "Executions that were started"),
)
FINISHED = MetricSpec(
    "dataplatform_state_machine_executions_finished_total",
    Kind.COUNTER,
    ("state_machine", "outcome"),
    Text("Execuções terminadas, por resultado", "Executions that ended, by outcome"),
)
THROTTLED = MetricSpec(
    "dataplatform_state_machine_throttled_total",
    Kind.COUNTER,
    ("state_machine",),
    Text(
        "Entradas em estados e novas tentativas retidas por limite",
        "State entries and retries that were throttled",
    ),
)
DURATION = MetricSpec(
    "dataplatform_state_machine_execution_duration_seconds",
    Kind.SUMMARY,
    ("state_machine",),
    Text("Duração das execuções, do início ao fim", "Duration of executions, start to end"),
    quantiles=tuple(views.QUANTILES),
)
SPECS = (INFO, RUNNING, TRUNCATED, OLDEST, STARTED, FINISHED, THROTTLED, DURATION)

_NAME = "state_machines"
_PAGE = 1000
_MOST_PAGES = 10
_EXPRESS = "express"
_VIEWED: tuple[tuple[MetricSpec, tuple[str, ...], str, float], ...] = (
    (STARTED, (), "ExecutionsStarted", 1.0),
    (FINISHED, ("succeeded",), "ExecutionsSucceeded", 1.0),
    (FINISHED, ("failed",), "ExecutionsFailed", 1.0),
    (FINISHED, ("timed_out",), "ExecutionsTimedOut", 1.0),
    (FINISHED, ("aborted",), "ExecutionsAborted", 1.0),
    (THROTTLED, (), "ExecutionThrottled", 1.0),
    (DURATION, (), "ExecutionTime", 0.001),
)


@dataclass(frozen=True)
class Described:
    """What Step Functions says of a state machine.

    ``running`` counts the executions that run, None where they cannot be listed; ``oldest`` is
    when the first of them began (unix seconds), None where there is none or not all were listed.
    """

    type: str
    running: int | None = None
    truncated: bool = False
    oldest: float | None = None


def parse(kind: str, pages: Sequence[Mapping[str, Any]]) -> Described:
    """Read the pages of ListExecutions; a token on the last of them says that there are more."""
    executions = [execution for page in pages for execution in page["executions"]]
    truncated = bool(pages and pages[-1].get("nextToken"))
    oldest = min((one["startDate"].timestamp() for one in executions), default=None)
    return Described(kind, len(executions), truncated, None if truncated else oldest)


def collect(context: Context) -> Reading:
    """Describe every state machine and list what runs, then read what CloudWatch counted."""
    described = {
        machine.key: unless_missing(
            partial(_describe, context, machine), "StateMachineDoesNotExist"
        )
        for machine in context.inventory.state_machines
    }
    return reading(context, _NAME, described, _series, _views(context.inventory))


def arn(inventory: Inventory, machine: StateMachine) -> str:
    """Return the state machine's ARN."""
    place = inventory.scope(machine.scope)
    where = f"{place.region}:{place.account}"
    return f"arn:{place.partition}:states:{where}:stateMachine:{machine.name}"


def _describe(context: Context, machine: StateMachine) -> Described:
    client = context.client("stepfunctions", machine.scope)
    identity = arn(context.inventory, machine)
    deadline.check(context, "DescribeStateMachine")
    # Without the definition no key of the customer's is needed to read the answer.
    answer = client.describe_state_machine(stateMachineArn=identity, includedData="METADATA_ONLY")
    kind = str(answer["type"]).lower()
    if kind == _EXPRESS:
        return Described(kind)
    return parse(kind, list(_running(context, client, identity)))


def _running(context: Context, client: Any, identity: str) -> Iterator[Mapping[str, Any]]:
    request = {"stateMachineArn": identity, "statusFilter": "RUNNING", "maxResults": _PAGE}
    for _ in range(_MOST_PAGES):
        deadline.check(context, "ListExecutions")
        page = client.list_executions(**request)
        yield page
        if not page.get("nextToken"):
            return
        request["nextToken"] = page["nextToken"]


def _series(machine: str, found: Described) -> Iterator[Series]:
    yield Series(INFO, (machine, found.type), 1.0)
    if found.running is not None:
        yield Series(RUNNING, (machine,), float(found.running))
        yield Series(TRUNCATED, (machine,), float(found.truncated))
    if found.oldest is not None:
        yield Series(OLDEST, (machine,), found.oldest)


def _views(inventory: Inventory) -> list[View]:
    return [
        View(
            spec,
            (machine.key, *more),
            "AWS/States",
            name,
            (("StateMachineArn", arn(inventory, machine)),),
            machine.key,
            scale=scale,
            scope=machine.scope,
        )
        for machine in inventory.state_machines
        for spec, more, name, scale in _VIEWED
    ]


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends, a page of executions each; CloudWatch is asked in some only."""
    collection, machines = inventory.collection, len(inventory.state_machines)
    return (
        Use("stepfunctions", "DescribeStateMachine", machines),
        Use("stepfunctions", "ListExecutions", machines),
        views.use_of(_views(inventory), collection.control_plane_every, views.slow(collection)),
    )


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("cloudwatch:GetMetricData", "states:DescribeStateMachine", "states:ListExecutions"),
    every=lambda inventory: inventory.collection.control_plane_every,
    offset=lambda inventory: inventory.collection.lag,
    deadline=lambda inventory: max(inventory.collection.period, 10.0),
    collect=collect,
    uses=uses,
)
