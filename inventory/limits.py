"""Limits that have a default: the ones that the operators' manual or their practice gives."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from inventory.durations import Duration
from inventory.resources import Positive, Ratio, Section

_DAY = 86_400.0


class Threshold(Section):
    """A limit, the window it is judged over and how many windows in a row must cross it."""

    above: Positive
    window: Duration
    times: Annotated[int, Field(ge=1)]


class Limits(Section):
    """Limits of the tickets' alerts, and of those that ask for an action.

    ``execution_running`` is how long an execution may run; ``function_versions`` how many
    published versions a function may keep (pruning leaves five); ``alias_weights_left`` how long
    an alias may divide its traffic; ``failed_deployment_shown`` how long a failed deployment is
    told. ``snapshot_age`` is how old the newest snapshot may be, ``certificate_left`` how long a
    certificate must still be valid. ``influxdb_busy_ratio`` is the share of CPU or memory that may
    be in use, ``influxdb_busy_for`` for how long; ``provisioned_busy_ratio`` the share of
    provisioned concurrency. ``cost_jump_factor`` is how many times its trailing week's mean a
    service's day may cost, where it is at least ``cost_jump_usd`` dollars more.
    ``deployment_stuck`` is how long a deployment may be in progress, ``influxdb_disk`` the share of
    the database's disk that may be used, ``corrupted_files`` how many files may fail their check.
    ``collection_stretch`` is how many times the cost cap may stretch a collector's cadence,
    ``clock_skew`` how far a clock may be ahead of Prometheus'.
    """

    lambda_throttles: Threshold = Threshold(above=5, window=300.0, times=1)
    influxdb_query_seconds: Threshold = Threshold(above=2, window=300.0, times=2)
    aws_throttles: Threshold = Threshold(above=20, window=3600.0, times=1)
    execution_running: Duration = 1800.0
    function_versions: Annotated[int, Field(ge=1)] = 20
    alias_weights_left: Duration = 3600.0
    failed_deployment_shown: Duration = _DAY
    snapshot_age: Duration = 7 * _DAY
    certificate_left: Duration = 21 * _DAY
    influxdb_busy_ratio: Ratio = 0.8
    influxdb_busy_for: Duration = 600.0
    provisioned_busy_ratio: Ratio = 0.8
    cost_jump_factor: Annotated[float, Field(gt=1)] = 2.0
    cost_jump_usd: Positive = 10.0
    collection_stretch: Annotated[float, Field(gt=1)] = 2.0
    clock_skew: Duration = 60.0
    deployment_stuck: Duration = 1800.0
    influxdb_disk: Ratio = 0.8
    corrupted_files: Threshold = Threshold(above=3, window=300.0, times=1)
