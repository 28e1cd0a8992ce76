"""prometheus/cloudwatch_exporter, asking by GetMetricData for the same metrics."""

from __future__ import annotations

from pathlib import Path

import yaml

from bench.exporters import fetch
from bench.exporters.peer import CREDENTIALS, Running, Timing
from bench.fake_cloudwatch import FakeCloudWatch
from simulator.processes import Child, free_port

_LIST_EVERY = 3600


class CloudwatchExporter:
    """The Java exporter: each scrape is a cycle, its list of metrics is kept for an hour.

    Raises:
        AbsentError: if it cannot be had.
    """

    name = "cloudwatch_exporter"
    decoupled = False
    warm_up = 1

    def __init__(self) -> None:
        self._jar, self._classes = fetch.java_exporter()
        self.version = fetch.JAVA_VERSION

    def start(self, fake: FakeCloudWatch, timing: Timing, directory: Path) -> Running:
        """Start; it collects when it is scraped."""
        config = directory / "cloudwatch_exporter.yml"
        config.write_text(yaml.safe_dump(_config(timing)), encoding="utf-8")
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        child = Child(
            self.name,
            [
                *("java", "-cp", f"{self._classes}:{self._jar}"),
                *("io.prometheus.cloudwatch.Loopback", str(port), str(config), fake.url),
            ],
            directory / "cloudwatch_exporter.log",
            f"{url}/-/healthy",
            CREDENTIALS,
        )
        child.start()
        return Running(
            child,
            url,
            "aws_lambda_invocations_sum",
            "aws_lambda_errors_sum",
            "function_name",
            "/-/healthy",
        )


def _config(timing: Timing) -> dict[str, object]:
    def metric(name: str, *statistics: str, quantiles: tuple[str, ...] = ()) -> dict[str, object]:
        return {
            "aws_namespace": "AWS/Lambda",
            "aws_metric_name": name,
            "aws_dimensions": ["FunctionName"],
            "aws_statistics": list(statistics),
            "aws_extended_statistics": list(quantiles),
        }

    return {
        "region": "us-east-1",
        "use_get_metric_data": True,
        "period_seconds": timing.period,
        "range_seconds": timing.period,
        "delay_seconds": timing.lag,
        "set_timestamp": False,
        "list_metrics_cache_ttl": round(_LIST_EVERY / timing.factor),
        "metrics": [
            *(metric(name, "Sum") for name in ("Invocations", "Errors", "Throttles")),
            metric("Duration", "Sum", "SampleCount", quantiles=("p50", "p90", "p99")),
        ],
    }
