"""What the inventory can name: the accounts and resources that are watched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from inventory.durations import Duration

Name = Annotated[str, Field(min_length=1, max_length=256)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Ratio = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
AccountId = Annotated[str, Field(pattern=r"^\d{12}$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^/?#\s]+[^\s]*$")]
RoleArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")]
_PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))
_DAY = 86_400.0
_WARM = ("STANDARD_IA", "ONEZONE_IA")
_WARM_DAYS = 30
_STATISTIC = re.compile(r"^(Sum|Average|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d+)?)$")


class Section(BaseModel):
    """A part of the inventory: frozen, and any key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Aws(Section):
    """The main account; ``role_arn`` is assumed where the process's own role is another one."""

    account: AccountId
    region: Name
    role_arn: RoleArn | None = None
    external_id: Name | None = None

    @property
    def partition(self) -> str:
        """The partition that the region's ARNs begin with."""
        return next((name for start, name in _PARTITIONS if self.region.startswith(start)), "aws")

    @property
    def dns_suffix(self) -> str:
        """The domain of the region's service addresses."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"


class Scope(Aws):
    """A further account and region, read through its own role."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class Resource(Section):
    """Something with a name in the main account, or in the scope it names.

    ``key`` tells resources of the same name apart; it is the value of their metrics' label.
    """

    name: Name
    scope: str | None = None

    @property
    def key(self) -> str:
        """The name, with the scope where it is not the main one."""
        return self.name if self.scope is None else f"{self.name}@{self.scope}"


class Function(Resource):
    """A Lambda function, the alias that serves traffic and the log group it writes.

    ``follow_alias`` polls which version the alias serves and in what state: a rollback needs to
    know, and each poll is a request. Without it the state is read every ``resources_every``.
    ``provisioned`` also watches the alias's provisioned concurrency.
    """

    alias: Name = "LIVE"
    log_group: Name
    deployment_group: Name | None = None
    critical: bool = True
    follow_alias: bool = True
    provisioned: bool = False


class LogEvent(Section):
    """A word in the logs that stands for an event, and the functions that write it.

    ``amount`` is a regular expression whose one group is a number that the event tells, such as a
    duration; it is added up times ``scale``, which turns it into the base unit.
    """

    event: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    pattern: Name
    functions: tuple[Name, ...]
    amount: Name | None = None
    scale: Positive = 1.0

    @field_validator("amount")
    @classmethod
    def _one_group(cls, value: str | None) -> str | None:
        try:
            groups = re.compile(value).groups if value is not None else 1
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        if groups != 1:
            raise ValueError(f"one group must hold the number, there are {groups}")
        return value


class Api(Resource):
    """An API Gateway stage and its health address.

    Without ``health_url`` the address is that of the stage, followed by ``health_path``.
    """

    stage: Name
    health_url: HttpUrl | None = None
    health_path: Annotated[str, Field(pattern=r"^/")] = "/health"


StorageClass = Literal[
    "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"
]
"""S3's classes that objects can be moved to, in the only order in which they can be."""


class Transition(Section):
    """Moves objects to ``storage_class`` once they are ``after`` old, in whole days."""

    after: Duration
    storage_class: StorageClass

    @field_validator("after")
    @classmethod
    def _days(cls, value: float) -> float:
        return whole_days(value)


class LifecycleRule(Section):
    """A lifecycle rule that Vigia may put on a bucket, for objects whose key has ``prefix``.

    ``expire_after`` deletes objects for good; ``abort_uploads_after`` removes what is left of
    uploads that were never completed. S3 takes no move to STANDARD_IA or ONEZONE_IA before 30 days,
    none out of them before another 30, and moves to ever colder classes alone (S3 user guide,
    "Transitioning objects using Amazon S3 Lifecycle").
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")]
    prefix: Annotated[str, Field(max_length=1024)] = ""
    transitions: tuple[Transition, ...] = ()
    expire_after: Duration | None = None
    abort_uploads_after: Duration | None = None

    @field_validator("expire_after", "abort_uploads_after")
    @classmethod
    def _days(cls, value: float | None) -> float | None:
        return None if value is None else whole_days(value)

    @model_validator(mode="after")
    def _as_s3_takes_it(self) -> LifecycleRule:
        if not (self.transitions or self.expire_after or self.abort_uploads_after):
            raise ValueError("a rule must do something")
        order = get_args(StorageClass)
        earliest, coldest = 0.0, -1
        for one in self.transitions:
            warm = one.storage_class in _WARM
            if one.after < max(earliest, _WARM_DAYS * _DAY if warm else 0.0):
                raise ValueError(f"{one.storage_class}: too early, S3 would refuse it")
            if order.index(one.storage_class) <= coldest:
                raise ValueError(f"{one.storage_class}: classes can only become colder")
            earliest = one.after + (_WARM_DAYS if warm else 1) * _DAY
            coldest = order.index(one.storage_class)
        if self.expire_after is not None and self.expire_after < earliest:
            raise ValueError("expire_after: must come after every transition")
        return self


def whole_days(seconds: float) -> float:
    """Return ``seconds``; raises ValueError unless they are whole days."""
    if seconds % _DAY:
        raise ValueError("must be whole days, such as 30d")
    return seconds


class Bucket(Resource):
    """An S3 bucket and what it holds; ``snapshots`` is the bucket that its snapshots go to.

    ``lifecycle`` are the rules that ``set_lifecycle`` puts on it; those of others stay.
    """

    role: Literal["raw", "processed"]
    snapshots: Name | None = None
    lifecycle: tuple[LifecycleRule, ...] = ()

    @model_validator(mode="after")
    def _itself(self) -> Bucket:
        if self.snapshots == self.name:
            raise ValueError("snapshots: a bucket is no place for its own snapshots")
        names = [rule.name for rule in self.lifecycle]
        if len(names) != len(set(names)):
            raise ValueError("lifecycle: two rules have the same name")
        return self


class Rule(Resource):
    """An EventBridge rule that starts processing."""

    bus: Name = "default"


class StateMachine(Resource):
    """A Step Functions state machine."""


class CodeDeploy(Section):
    """The CodeDeploy application of the functions."""

    application: Name


class Flag(Section):
    """A feature flag; ``critical`` flags are never disabled in bulk."""

    name: Name
    critical: bool = False


class AppConfig(Section):
    """Where the feature flags live; ``maintenance_flag``, if there is one, is on in maintenance."""

    application: Name
    environment: Name
    profile: Name
    flags: tuple[Flag, ...]
    maintenance_flag: Name | None = None


class InfluxDb(Section):
    """The Timestream for InfluxDB instance and the bucket of the energy data.

    ``metrics_url`` is influxd's own ``/metrics``, where it can be reached.
    """

    instance: Name
    url: str
    org: Name
    bucket: Name
    measurements: tuple[Name, ...]
    canary_measurement: Name = "vigia_canary"
    metrics_url: str | None = None


class Sns(Section):
    """The topic that users are told through."""

    topic: Name


class LogGroups(Section):
    """The log groups whose retention is watched: those whose name starts with a prefix."""

    prefixes: Annotated[tuple[Name, ...], Field(min_length=1)] = ("/aws/lambda/",)


class Security(Section):
    """What is watched for security.

    ``trail_events`` are CloudTrail event names; ``group_names`` patterns of security group names,
    in which ``*`` stands for anything.
    """

    trail_events: tuple[Name, ...] = (
        "PutUserPolicy",
        "AttachUserPolicy",
        "PutRolePolicy",
        "AttachRolePolicy",
        "CreateAccessKey",
        "CreateUser",
        "UpdateAssumeRolePolicy",
    )
    group_names: Annotated[tuple[Name, ...], Field(min_length=1)] = ("*",)
    access_key_max_age: Duration = 90 * 86_400.0


class HelpTexts(Section):
    """A metric's help in both languages."""

    pt: Annotated[str, Field(alias="pt-BR", min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class CustomMetric(Section):
    """Any CloudWatch metric, shown as a series of ours.

    ``name`` follows Prometheus' conventions without the ``dataplatform_`` prefix. A ``counter``
    adds up the statistic ``Sum``; a ``gauge`` shows the newest value of ``statistic``; a
    ``summary`` has the sum, the count and the quantiles p50, p90 and p99. ``scale`` turns
    CloudWatch's unit into the base unit (0.001 for milliseconds). Entries of one name are one
    family: the same kind, help and label names.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    kind: Literal["counter", "gauge", "summary"]
    namespace: Name
    metric: Name
    help: HelpTexts
    dimensions: Mapping[str, str] = {}
    labels: Mapping[Word, str] = {}
    statistic: str = "Sum"
    scale: Positive = 1.0
    scope: str | None = None

    @model_validator(mode="after")
    def _conventional(self) -> CustomMetric:
        if (self.kind == "counter") != self.name.endswith("_total"):
            raise ValueError("a counter's name, and only a counter's, ends in _total")
        if not _STATISTIC.match(self.statistic):
            raise ValueError(f"unknown statistic '{self.statistic}'")
        if self.kind == "counter" and self.statistic != "Sum":
            raise ValueError("a counter adds up Sum: it takes no other statistic")
        return self
