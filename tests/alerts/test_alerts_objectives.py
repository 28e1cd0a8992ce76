"""What counts as an event, and as a bad one, from raw series through the recorded ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from promtool import Job, Line, counter, gauge, run

from alerts import recording, slo
from inventory.load import load_inventory

INVENTORY = load_inventory(Path(__file__).parents[2] / "platform.yaml")
AT, STEP = 3600, 15
_API = 'api="ons", stage="prod"'
_WRITES = "dataplatform_influxdb_write_latency_seconds"
_LATE = f'{_WRITES}_bucket{{bucket="energy_data", le="5.0"}}'
_COUNT = f'{_WRITES}_count{{bucket="energy_data"}}'
_AGE = "dataplatform_influxdb_record_age_seconds"


def every(seconds: int, grows: float) -> Line:
    """Return a counter that grows by so much every so many seconds."""
    return counter(dict.fromkeys(range(seconds, AT + 1, seconds), grows))


def _refused(reason: str) -> str:
    return f'dataplatform_influxdb_write_errors_total{{bucket="energy_data", reason="{reason}"}}'


WORLDS: dict[str, tuple[dict[str, Line], tuple[float, float]]] = {
    "lambda_success": (
        {
            'dataplatform_lambda_errors_total{function="a"}': every(60, 1),
            'dataplatform_lambda_invocations_total{function="a"}': every(60, 10),
            'dataplatform_lambda_invocations_total{function="b"}': every(60, 10),
        },
        (60, 1200),
    ),
    "api_latency": (
        {
            f"dataplatform_api_slow_requests_total{{{_API}}}": every(120, 1),
            f"dataplatform_api_requests_total{{{_API}}}": every(60, 10),
        },
        (30, 600),
    ),
    "api_availability": (
        {
            f'dataplatform_api_errors_total{{{_API}, class="5xx"}}': every(60, 2),
            f'dataplatform_api_errors_total{{{_API}, class="4xx"}}': every(60, 9),
            f"dataplatform_api_requests_total{{{_API}}}": every(60, 20),
        },
        (120, 1200),
    ),
    "influxdb_write_success": (
        {
            _COUNT: every(30, 1),
            _refused("timeout"): every(120, 1),
            _refused("denied"): every(120, 1),
        },
        (60, 180),
    ),
    # Nobody counted a refused write: all were good, and there were some.
    "influxdb_write_success, none refused": ({_COUNT: every(30, 1)}, (0, 120)),
    "influxdb_write_latency": (
        {_COUNT: every(30, 1), _LATE: every(60, 1)},
        (60, 120),
    ),
    # One of two measurements is old for the last quarter of the hour.
    "pipeline_freshness": (
        {
            f'{_AGE}{{bucket="energy_data", measurement="load"}}': gauge({0: 60}),
            f'{_AGE}{{bucket="energy_data", measurement="generation"}}': gauge(
                {0: 7200, AT - 900 + STEP: 7201}
            ),
        },
        (60, 241),
    ),
}


def _check(what: str, objective: str, value: float) -> dict[str, Any]:
    series = slo.recorded(what, "1h").name
    # Extrapolation at the window's edges leaves a hundredth open.
    expr = f'sum(round({series}{{objective="{objective}"}} / {max(value, 1)}, 0.05))'
    return {
        "expr": expr,
        "eval_time": f"{AT}s",
        "exp_samples": [{"labels": "{}", "value": float(value > 0)}],
    }


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What promtool says of each world."""
    (group,) = recording.groups(INVENTORY)
    wanted = (slo.RECORDS_STALE.name, *(slo.recorded(what, "1h").name for what in ("bad", "total")))
    rules = [rule for rule in group["rules"] if rule["record"] in wanted]
    jobs = [
        Job(
            name.replace(", ", "-").replace(" ", "-"),
            {
                "rule_files": [f"{name.replace(', ', '-').replace(' ', '-')}.rules.yml"],
                "evaluation_interval": f"{STEP}s",
                "tests": [
                    {
                        "interval": f"{STEP}s",
                        "input_series": [
                            {"series": one, "values": line.values(STEP, AT)}
                            for one, line in series.items()
                        ],
                        "promql_expr_test": [
                            _check(what, name.partition(",")[0], value)
                            for what, value in zip(("bad", "total"), expected, strict=True)
                        ],
                    }
                ],
            },
            rules,
        )
        for name, (series, expected) in WORLDS.items()
    ]
    return dict(zip(WORLDS, run(tmp_path_factory.mktemp("slo"), jobs).values(), strict=True))


@pytest.mark.parametrize("name", WORLDS)
def test_events_are_counted(name: str, answers: dict[str, str]) -> None:
    """An hour's bad and all events are what the raw series say."""
    assert answers[name] == ""


def test_every_objective_is_counted() -> None:
    """No objective without a world above, and none that the inventory does not have."""
    names = [objective.name for objective in slo.slos(INVENTORY)]
    assert {name.partition(",")[0] for name in WORLDS} == set(names)
    assert set(names) < set(type(INVENTORY.objectives).model_fields)


def test_a_latency_that_the_histogram_cannot_tell_is_refused() -> None:
    """Between two buckets nobody knows how many writes were slower."""
    objectives = INVENTORY.objectives
    changed = objectives.influxdb_write_latency.model_copy(update={"below": 4})
    wrong = objectives.model_copy(update={"influxdb_write_latency": changed})
    with pytest.raises(ValueError, match="tells nothing of 4 s"):
        slo.slos(INVENTORY.model_copy(update={"objectives": wrong}))
