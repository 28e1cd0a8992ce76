"""The typed shape of the inventory: what Vigia watches, and what it may act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from inventory.durations import Duration
from inventory.limits import Limits, Threshold
from inventory.notices import Contact, Delivery
from inventory.resources import (
    Api,
    AppConfig,
    Aws,
    Bucket,
    CodeDeploy,
    CustomMetric,
    Function,
    InfluxDb,
    LogEvent,
    LogGroups,
    Name,
    Positive,
    Ratio,
    Rule,
    Scope,
    Section,
    Security,
    Sns,
    StateMachine,
)


class Level(Contact):
    """An escalation level."""

    team: Name


class Contacts(Section):
    """Three escalation levels in order, and those who hear of special matters."""

    levels: Annotated[tuple[Level, ...], Field(min_length=3, max_length=3)]
    security: Contact
    privacy: Contact
    legal: Contact
    executive: Contact


class Collection(Section):
    """How often and how late the exporter reads.

    ``period`` is CloudWatch's; ``lag`` is how long after a period's end its value is first
    believed; ``lookback`` is how far back every run reads again for late revisions; ``backfill``
    bounds what is fetched after an outage; ``stale_after`` is how long the last known values of
    a failing collector are still shown.

    ``control_plane_every`` is for what an operator changes (aliases, rules, flags, deployments),
    ``slow_every`` for metrics that nobody is paged on within minutes (durations, throttles),
    ``resources_every`` for what changes with a release (versions, retention, lifecycle),
    ``storage_every`` for what AWS itself measures once a day, ``probe_every`` for health requests,
    ``security_every`` for keys and security groups, ``trail_every`` for CloudTrail events, of which
    ``trail_overlap`` says how late one may arrive.
    ``deployments_lookback`` is how long CodeDeploy's deployments are counted.
    ``cost_budget_monthly_usd`` is the most that collection itself may cost.
    """

    period: Duration
    lag: Duration
    lookback: Duration
    backfill: Duration
    stale_after: Duration
    control_plane_every: Duration
    logs_every: Duration
    logs_overlap: Duration
    influxdb_every: Duration
    influxdb_deadline: Duration
    cost_every: Duration
    cost_budget_monthly_usd: Positive
    slow_every: Duration = 300.0
    probe_every: Duration = 60.0
    probe_deadline: Duration = 10.0
    resources_every: Duration = 3600.0
    storage_every: Duration = 21_600.0
    security_every: Duration = 900.0
    trail_every: Duration = 300.0
    trail_overlap: Duration = 1800.0
    deployments_lookback: Duration = 30 * 86_400.0


class Thresholds(Limits):
    """Limits that the platform's operators use."""

    lambda_errors: Threshold
    api_latency_seconds: Threshold
    influxdb_write_seconds: Threshold
    influxdb_record_age: Duration
    processing_idle: Duration
    missing_after: Duration
    budget_shares: tuple[Positive, ...]


class Regression(Section):
    """When errors after a deployment are the deployment's fault.

    ``lookback`` is how recently the alias must have moved; the error ratio since then must be
    above ``floor`` and ``factor`` times the ratio of the version before, judged on at least
    ``min_errors`` failures and ``min_baseline`` earlier invocations, for ``periods`` periods.
    """

    lookback: Duration
    floor: Ratio
    factor: Annotated[float, Field(gt=1)]
    min_errors: Positive
    min_baseline: Positive
    periods: Annotated[int, Field(ge=1)]


class BurnWindow(Section):
    """A pair of windows and the share of the error budget that may burn in the long one."""

    severity: Literal["page", "ticket"]
    long: Duration
    short: Duration
    budget_share: Ratio


class Objective(Section):
    """A share of good events, and the fewest bad ones worth waking somebody for."""

    target: Ratio
    min_bad_events: Positive


class LatencyObjective(Objective):
    """A share of requests answered within ``below`` seconds."""

    below: Positive


class Objectives(Section):
    """Service level objectives and the burn windows that guard them.

    ``pipeline_freshness`` judges the energy data's age at every evaluation of the rules: its
    events are moments, and a bad one is a moment with data older than ``influxdb_record_age``.
    """

    period: Duration
    windows: Annotated[tuple[BurnWindow, ...], Field(min_length=1)]
    lambda_success: Objective
    api_latency: LatencyObjective
    api_availability: Objective = Objective(target=0.99, min_bad_events=5)
    influxdb_write_success: Objective = Objective(target=0.99, min_bad_events=5)
    influxdb_write_latency: LatencyObjective = LatencyObjective(
        target=0.99, min_bad_events=5, below=5
    )
    pipeline_freshness: Objective = Objective(target=0.99, min_bad_events=20)

    @property
    def by_name(self) -> dict[str, Objective]:
        """The objectives by what alerts call them."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Objective)}

    @model_validator(mode="after")
    def _burn_can_fire(self) -> Objectives:
        for window in self.windows:
            factor = window.budget_share * self.period / window.long
            for name, objective in self.by_name.items():
                if factor * (1 - objective.target) >= 1:
                    raise ValueError(
                        f"{name}: burn factor {factor:g} times the error budget"
                        f" {1 - objective.target:g} is not below 1, so its alert could never fire"
                    )
        return self


class Budget(Section):
    """The platform's monthly budget."""

    monthly_usd: Positive


class Playbook(Section):
    """What an alert's ``remediation`` label may do, how far, and to which targets.

    ``params`` are handed to the action, which knows their names. Without a ``mode`` the action's
    risk decides.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    action: Name
    mode: Literal["shadow", "approve", "auto"] | None = None
    targets: Annotated[tuple[Name, ...], Field(min_length=1)]
    alerts: Annotated[tuple[Name, ...], Field(min_length=1)]
    params: Mapping[str, Any] = {}


class Storm(Section):
    """Too many sick targets at once stop the engine until they are ``clear`` or fewer."""

    sick: Annotated[int, Field(ge=2)]
    clear: Annotated[int, Field(ge=0)]


class Engine(Section):
    """The guards' limits and the engine's times.

    A plan of more than ``most_calls_per_run`` calls waits for a person, whatever the mode;
    a run without an approval makes no more calls than that.
    """

    lookback: Duration
    cool_down: Duration
    runs_per_hour: Annotated[int, Field(ge=1)]
    max_share: Annotated[float, Field(gt=0, le=1)]
    most_calls_per_run: Annotated[int, Field(ge=1)] = 50
    storm: Storm
    plan_expiry: Duration
    approval_expiry: Duration
    block_retry: Duration
    block_expiry: Duration
    settle: Duration
    sample_every: Duration
    verify_samples: Annotated[int, Field(ge=1)]
    verify_deadline: Duration
    lease: Duration


class Alerting(Delivery):
    """Prometheus' and Alertmanager's tempo, and where people look."""

    scrape_interval: Duration
    evaluation_interval: Duration
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration
    watchdog_repeat: Duration
    remediation_group_wait: Duration
    escalate_after: Duration
    prometheus_url: str
    alertmanager_url: str
    grafana_url: str
    runbook_base_url: str
    remediations_url: str
    exporter_address: str
    remediations_address: str
    alertmanager_address: str


class Inventory(Section):
    """The whole platform as Vigia knows it."""

    version: Literal[1]
    environment: Name
    locale: Literal["pt-BR", "en"] = "pt-BR"
    timezone: Name
    aws: Aws
    scopes: tuple[Scope, ...] = ()
    functions: Annotated[tuple[Function, ...], Field(min_length=1)]
    log_events: tuple[LogEvent, ...]
    apis: tuple[Api, ...]
    buckets: tuple[Bucket, ...]
    rules: tuple[Rule, ...]
    state_machines: tuple[StateMachine, ...]
    codedeploy: CodeDeploy
    appconfig: AppConfig
    influxdb: InfluxDb
    sns: Sns
    log_groups: LogGroups = LogGroups()
    security: Security = Security()
    metrics: tuple[CustomMetric, ...] = ()
    contacts: Contacts
    collection: Collection
    thresholds: Thresholds
    regression: Regression
    objectives: Objectives
    budget: Budget
    playbooks: tuple[Playbook, ...]
    engine: Engine
    alerting: Alerting

    @property
    def function_names(self) -> tuple[str, ...]:
        """Keys of the functions, in the file's order."""
        return tuple(function.key for function in self.functions)

    def function(self, name: str) -> Function:
        """Return the function whose key is ``name``; raises KeyError for a foreign one."""
        for function in self.functions:
            if function.key == name:
                return function
        raise KeyError(name)

    def scope(self, name: str | None) -> Aws:
        """Return the account and region called ``name``; None is the main one."""
        if name is None:
            return self.aws
        for scope in self.scopes:
            if scope.name == name:
                return scope
        raise KeyError(name)

    def playbook(self, name: str) -> Playbook:
        """Return the playbook called ``name``; raises KeyError for an unknown one."""
        for playbook in self.playbooks:
            if playbook.name == name:
                return playbook
        raise KeyError(name)
