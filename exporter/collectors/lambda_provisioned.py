"""Lambda: provisioned concurrency of the functions that have it, and how well it suffices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import views
from exporter.collector import Collector, Context, Priority, Reading, Use
from exporter.enums import states
from exporter.fanout import ask_each
from exporter.samples import Series
from exporter.sources.cloudwatch import use
from exporter.telemetry import REVISED_DOWN
from exporter.views import View
from inventory.model import Collection, Inventory
from inventory.resources import Function

_ALIAS = ("function", "alias")
CONFIGURED = MetricSpec(
    "dataplatform_lambda_provisioned_concurrency_configured",
    Kind.GAUGE,
    _ALIAS,
    Text(
        "1 se o alias tem concorrência provisionada; se 0, as quantidades estão ausentes",
        "1 if the alias has provisioned concurrency; if 0, the amounts are absent",
    ),
)
REQUESTED = MetricSpec(
    "dataplatform_lambda_provisioned_concurrency_requested",
    Kind.GAUGE,
    _ALIAS,
    Text("Execuções provisionadas que foram pedidas", "Provisioned executions asked for"),
)
ALLOCATED = MetricSpec(
    "dataplatform_lambda_provisioned_concurrency_allocated",
    Kind.GAUGE,
    _ALIAS,
    Text("Execuções provisionadas já alocadas", "Provisioned executions already allocated"),
)
AVAILABLE = MetricSpec(
    "dataplatform_lambda_provisioned_concurrency_available",
    Kind.GAUGE,
    _ALIAS,
    Text("Execuções provisionadas prontas para uso", "Provisioned executions ready for use"),
)
STATUS = MetricSpec(
    "dataplatform_lambda_provisioned_concurrency_status",
    Kind.GAUGE,
    (*_ALIAS, "state"),
    Text(
        "1 no estado da alocação da concorrência provisionada, 0 nos outros",
        "1 for the state of provisioned concurrency's allocation, 0 for the others",
    ),
)
UTILIZATION = MetricSpec(
    "dataplatform_lambda_provisioned_concurrency_utilization_ratio",
    Kind.GAUGE,
    _ALIAS,
    Text(
        "Maior parte da concorrência provisionada em uso ao mesmo tempo no último período",
        "Largest share of provisioned concurrency in use at once in the newest period",
    ),
)
SPILLOVER = MetricSpec(
    "dataplatform_lambda_provisioned_concurrency_spillover_invocations_total",
    Kind.COUNTER,
    _ALIAS,
    Text(
        "Invocações além da concorrência provisionada, sujeitas a partida a frio",
        "Invocations beyond provisioned concurrency, which may start cold",
    ),
)
SPECS = (CONFIGURED, REQUESTED, ALLOCATED, AVAILABLE, STATUS, UTILIZATION, SPILLOVER)

STATUSES = ("IN_PROGRESS", "READY", "FAILED")
_NAME = "lambda_provisioned"
_OPERATION = "GetProvisionedConcurrencyConfig"
_NOT_CONFIGURED = "ProvisionedConcurrencyConfigNotFoundException"
_NOT_FOUND = "ResourceNotFoundException"


@dataclass(frozen=True)
class Config:
    """An alias's provisioned concurrency."""

    requested: float
    allocated: float
    available: float
    status: str


@dataclass(frozen=True)
class Asked:
    """What AWS answered: ``config`` is None where there is none, or no such alias."""

    exists: bool
    config: Config | None = None


def parse(answer: Mapping[str, Any]) -> Config:
    """Read an answer of GetProvisionedConcurrencyConfig."""
    return Config(
        float(answer["RequestedProvisionedConcurrentExecutions"]),
        float(answer["AllocatedProvisionedConcurrentExecutions"]),
        float(answer["AvailableProvisionedConcurrentExecutions"]),
        str(answer["Status"]),
    )


def collect(context: Context) -> Reading:
    """Ask for every provisioned alias, and read how much of it was used."""
    functions = _provisioned(context.inventory)
    answers = ask_each(context, functions, partial(_ask, context), _OPERATION)
    found = {function.key: asked for function, asked in zip(functions, answers, strict=True)}
    viewed = views.read(context, _views(functions), timing(context.inventory))
    missing = tuple(key for key, asked in found.items() if not asked.exists)
    return Reading(
        (
            *(s for function in functions for s in _series(function, found[function.key])),
            *(series for series in viewed.series if series.labels[0] not in missing),
            Series(REVISED_DOWN, (_NAME,), float(viewed.revised_down)),
        ),
        expected=len(functions),
        seen=len(functions) - len(missing),
        newest=viewed.newest,
        missing=missing,
    )


def timing(inventory: Inventory) -> Collection:
    """Return the collection's times with the period that these metrics are read at."""
    collection, period = inventory.collection, inventory.collection.slow_every
    # A look-back shorter than a period would never show the newest one.
    lookback = max(collection.lookback, 2 * period)
    return collection.model_copy(update={"period": period, "lookback": lookback})


def _provisioned(inventory: Inventory) -> tuple[Function, ...]:
    return tuple(function for function in inventory.functions if function.provisioned)


def _ask(context: Context, function: Function) -> Asked:
    try:
        answer = context.client("lambda", function.scope).get_provisioned_concurrency_config(
            FunctionName=function.name, Qualifier=function.alias
        )
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code not in (_NOT_CONFIGURED, _NOT_FOUND):
            raise
        return Asked(exists=code == _NOT_CONFIGURED)
    return Asked(exists=True, config=parse(answer))


def _views(functions: tuple[Function, ...]) -> list[View]:
    found = []
    for function in functions:
        for spec, name, statistic in (
            (UTILIZATION, "ProvisionedConcurrencyUtilization", "Maximum"),
            (SPILLOVER, "ProvisionedConcurrencySpilloverInvocations", "Sum"),
        ):
            view = View(
                spec=spec,
                labels=(function.key, function.alias),
                namespace="AWS/Lambda",
                name=name,
                # As Lambda sends what concerns an alias (developer guide, "Metric types").
                dimensions=(
                    ("FunctionName", function.name),
                    ("Resource", f"{function.name}:{function.alias}"),
                ),
                resource=function.key,
                statistic=statistic,
                scope=function.scope,
            )
            found.append(view)
    return found


def _series(function: Function, asked: Asked) -> Iterator[Series]:
    labels, config = (function.key, function.alias), asked.config
    if not asked.exists:
        return
    yield Series(CONFIGURED, labels, float(config is not None))
    if config is None:
        return
    yield Series(REQUESTED, labels, config.requested)
    yield Series(ALLOCATED, labels, config.allocated)
    yield Series(AVAILABLE, labels, config.available)
    yield from states(STATUS, labels, STATUSES, config.status)


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends."""
    functions = _provisioned(inventory)
    metrics = [view.metric for view in _views(functions)]
    return (use(metrics), Use("lambda", _OPERATION, len(functions)))


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("cloudwatch:GetMetricData", "lambda:GetProvisionedConcurrencyConfig"),
    every=lambda inventory: inventory.collection.slow_every,
    offset=lambda inventory: inventory.collection.lag,
    deadline=lambda inventory: max(10.0, min(60.0, inventory.collection.slow_every)),
    collect=collect,
    uses=uses,
    priority=Priority.DETAIL,
)
