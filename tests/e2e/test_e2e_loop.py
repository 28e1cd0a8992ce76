"""The loop against the real Prometheus and Alertmanager, with everything that may go wrong."""

from __future__ import annotations

import pytest
import requests

from simulator.aws.lambda_functions import serving
from simulator.faults.influxdb import SlowInflux
from simulator.world import World
from tests.conftest import wait_for
from tests.e2e.conftest import REGRESSED, Regression
from tests.e2e.driver import ask, iso, token, updates, value

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("loop"),
]


def test_two_alertmanagers_and_a_redelivery_act_once(world: World, regression: Regression) -> None:
    """The same alert from two Alertmanagers, and once more later, rolls back once, in time."""
    run = regression.run
    assert run["outcome"] == "succeeded"
    assert run["applied_at"] - regression.first_failure <= 60
    assert run["closed_at"] - regression.first_failure <= 180
    why = ask(world, f"/v1/why/{run['fingerprint']}")
    firing = [d for d in why["deliveries"] if d["status"] == "firing"]
    assert [d["decision"] for d in firing[:2]] == ["accepted", "duplicate"]
    alert = {
        "status": "firing",
        "labels": why["alert"],
        "startsAt": iso(run["starts_at"]),
        "fingerprint": run["fingerprint"],
    }
    answer = requests.post(
        world.addresses.remediations + "/v1/alerts",
        json={"version": "4", "alerts": [alert]},
        headers=token(world),
        timeout=10,
    )
    assert (answer.status_code, answer.json()["duplicate"]) == (202, 1)
    assert len([one for one in world.observer.runs() if one["target"] == REGRESSED]) == 1
    assert updates(world, REGRESSED) == 1
    assert serving(world.aws.region, REGRESSED, "LIVE") == {"5": 1.0}


def test_slow_influx_pages_and_nothing_acts(world: World) -> None:
    """Slow writes move the histogram and page people; no run is opened."""
    runs = len(world.observer.runs())
    writes = "dataplatform_influxdb_write_latency_seconds_bucket"
    fast = value(world, f'{writes}{{le="5.0"}}')
    slow = value(world, f'{writes}{{le="+Inf"}}') - fast
    injected = world.faults.inject(SlowInflux(kind="slow_influx", seconds=7))
    wait_for(
        lambda: (
            value(world, f'{writes}{{le="+Inf"}}') - value(world, f'{writes}{{le="5.0"}}')
            >= slow + 2
        ),
        90,
    )
    wait_for(
        lambda: [
            page
            for page in world.sink.pages()
            if (page.receiver, page.alert) == ("operations-page", "InfluxWriteSlow")
        ],
        150,
    )
    assert len(world.observer.runs()) == runs
    world.faults.clear(injected)
