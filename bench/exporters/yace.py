"""yet-another-cloudwatch-exporter, with a discovery job for the same metrics."""

from __future__ import annotations

from pathlib import Path

import yaml

from bench.exporters import fetch
from bench.exporters.peer import CREDENTIALS, Running, Timing
from bench.fake_cloudwatch import FakeCloudWatch
from simulator.processes import Child, free_port


class Yace:
    """YACE as its documentation sets it up for Lambda.

    Raises:
        AbsentError: if it cannot be had.
    """

    name = "yace"
    decoupled = True
    warm_up = 1

    def __init__(self) -> None:
        self._program = fetch.yace()
        self.version = fetch.YACE_VERSION.removeprefix("v")

    def start(self, fake: FakeCloudWatch, timing: Timing, directory: Path) -> Running:
        """Start with a cycle every period."""
        config = directory / "yace.yml"
        config.write_text(yaml.safe_dump(_config(timing)), encoding="utf-8")
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        child = Child(
            self.name,
            [
                *(str(self._program), "-config.file", str(config)),
                *("-listen-address", f"127.0.0.1:{port}"),
                *("-scraping-interval", str(timing.period)),
            ],
            directory / "yace.log",
            f"{url}/healthz",
            {**CREDENTIALS, "AWS_ENDPOINT_URL": fake.url},
        )
        child.start()
        return Running(
            child,
            url,
            "aws_lambda_invocations_sum",
            "aws_lambda_errors_sum",
            "dimension_FunctionName",
            "/healthz",
        )


def _config(timing: Timing) -> dict[str, object]:
    return {
        "apiVersion": "v1alpha1",
        "discovery": {
            "jobs": [
                {
                    "type": "AWS/Lambda",
                    "regions": ["us-east-1"],
                    "period": timing.period,
                    "length": timing.period,
                    "delay": timing.lag,
                    # Without it the account's own series would be among the functions'.
                    "dimensionNameRequirements": ["FunctionName"],
                    "metrics": [
                        *(
                            {"name": name, "statistics": ["Sum"]}
                            for name in ("Invocations", "Errors", "Throttles")
                        ),
                        {
                            "name": "Duration",
                            "statistics": ["Sum", "SampleCount", "p50", "p90", "p99"],
                        },
                    ],
                }
            ]
        },
    }
