"""Cases of the alerts on rules, executions and deployments."""

from __future__ import annotations

from patterns import FIRES, GAP, KEEP, LIFE, T0, aged, also, count, level, quiet
from promtool import STALE, Cases, Scenario, counter, gauge

RULE = '{rule="on-arrival"}'
MACHINE = 'state_machine="processing"'
SLOW = 630
DAY = 86_400
_OTHER = "dataplatform_rule_invocations_total" + RULE


def _finished(outcome: str) -> str:
    name = "dataplatform_state_machine_executions_finished_total"
    return f'{name}{{{MACHINE}, outcome="{outcome}"}}'


def _more(series: str, unrelated: str) -> Cases:
    """Cases of a count of the look-back, which old ones leave, that rose within a day."""
    step = 120
    return Cases(
        (
            Scenario(
                LIFE,
                {series: gauge({0: 2, T0: 3})},
                {
                    T0 - step: 0,
                    T0: 1,
                    T0 + DAY + KEEP - step: 1,
                    T0 + DAY + KEEP + step: 0,
                },
            ),
            quiet({series: gauge({0: 3, T0: 2}), unrelated: gauge({0: 2, T0: 9})}, T0, T0 + step),
            # One left the look-back before another came: the number is what it was.
            Scenario(
                frozenset({FIRES}),
                {series: gauge({0: 3, T0: 2, T0 + 600: 3})},
                {T0 + 480: 0, T0 + 600: 1},
            ),
            Scenario(
                frozenset({GAP}),
                {series: gauge({0: 2, T0: 3, T0 + step: STALE, T0 + 2 * step: 3})},
                {T0: 1, T0 + step: 1, T0 + 3 * step: 1},
            ),
        ),
        step,
    )


_WEIGHT = 'dataplatform_lambda_alias_weight{function="lambda_router", alias="LIVE", version="2"}'

CASES: dict[str, Cases] = {
    "RuleDisabled": level(f"dataplatform_rule_enabled{RULE}", 1, 1, 0, wait=150),
    "RuleWithoutTargets": level(f"dataplatform_rule_targets{RULE}", 2, 1, 0, wait=150),
    "RuleInvocationsFailed": count(
        f"dataplatform_rule_failed_invocations_total{RULE}", _OTHER, window=SLOW
    ),
    "RuleThrottled": count(f"dataplatform_rule_throttled_total{RULE}", _OTHER, window=SLOW),
    "ExecutionsFailed": also(
        count(_finished("failed"), _finished("succeeded"), window=SLOW),
        quiet({_finished("aborted"): counter({T0: 9})}, T0, T0 + 15),
    ),
    "ExecutionsThrottled": count(
        f"dataplatform_state_machine_throttled_total{{{MACHINE}}}",
        _finished("succeeded"),
        window=SLOW,
    ),
    "ExecutionRunningLong": aged(
        f"dataplatform_state_machine_oldest_running_timestamp_seconds{{{MACHINE}}}", 1800
    ),
    "DeploymentFailed": _more(
        'dataplatform_deployments{deployment_group="router", status="Failed"}',
        'dataplatform_deployments{deployment_group="router", status="Succeeded"}',
    ),
    "DeploymentRolledBack": _more(
        'dataplatform_deployments_rolled_back{deployment_group="router"}',
        'dataplatform_deployments{deployment_group="router", status="Succeeded"}',
    ),
    "AliasWeightsLeft": also(
        level(_WEIGHT, 1, 1, 0.1, wait=3600, step=60),
        quiet({_WEIGHT: gauge({0: 0})}, T0 + 3600, T0 + 3660),
    ),
    "FlagDeploymentRolledBack": also(
        level('dataplatform_flag_deployment_state{profile="flags", state="ROLLED_BACK"}', 0, 0, 1),
        quiet(
            {
                'dataplatform_flag_deployment_state{profile="flags", state="COMPLETE"}': gauge(
                    {0: 1}
                )
            },
            T0,
        ),
    ),
    "FlagsUnlisted": level("dataplatform_flags_unlisted", 0, 0, 1, wait=150),
}
