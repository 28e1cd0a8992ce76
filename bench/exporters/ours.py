"""``vigia exporter`` as users run it, with an inventory of many functions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from bench.exporters.peer import CREDENTIALS, Running, Timing
from bench.fake_cloudwatch import FakeCloudWatch
from inventory.load import load_inventory
from inventory.version import VERSION
from simulator.processes import Child, free_port

_PLATFORM = Path(__file__).parents[2] / "platform.yaml"
_NEVER = 400 * 86_400.0
_ENOUGH_USD = 1e9
_COMPARED = "slow_every"  # durations and throttles


class Ours:
    """Vigia's read side."""

    name = "vigia"
    decoupled = True
    # Two turns of what is read slowly tell it who fails, and so whom it need not ask.
    warm_up = 11

    def __init__(self) -> None:
        self.version = VERSION

    def start(self, fake: FakeCloudWatch, timing: Timing, directory: Path) -> Running:
        """Start with a state of its own in ``directory``."""
        config = directory / "platform.yaml"
        names = fake.setup.world().names
        config.write_text(yaml.safe_dump(inventory(names, timing.factor)), encoding="utf-8")
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        child = Child(
            self.name,
            [
                *(sys.executable, "-m", "vigia", "exporter", "--config.file", str(config)),
                *("--web.listen-address", f"127.0.0.1:{port}"),
            ],
            directory / "vigia.log",
            f"{url}/-/healthy",
            {
                **CREDENTIALS,
                "VIGIA_STATE_DIR": str(directory / "state"),
                "VIGIA_AWS_ENDPOINT_URL": fake.url,
            },
        )
        child.start()
        return Running(
            child,
            url,
            "dataplatform_lambda_invocations_total",
            "dataplatform_lambda_errors_total",
            "function",
            "/-/healthy",
        )


def slow_every(timing: Timing) -> float:
    """Return how often (seconds) what is read slowly has its turn."""
    return load_inventory(_PLATFORM).collection.slow_every / timing.factor


def inventory(names: tuple[str, ...], factor: float) -> dict[str, Any]:
    """Return the repository's inventory with these functions alone, every duration compressed.

    Aliases are not followed: no peer does. What is not Lambda metrics is left out or put off: each
    other collector runs once, at the start, and is refused.
    """
    content: dict[str, Any] = load_inventory(_PLATFORM).model_dump(mode="json", by_alias=True)
    for section in ("collection", "alerting"):
        content[section] = {
            key: value / factor if isinstance(value, float) else value
            for key, value in content[section].items()
        }
    others = {key for key in content["collection"] if key.endswith("_every")} - {_COMPARED}
    content["collection"] |= dict.fromkeys(others, _NEVER)
    content["collection"]["cost_budget_monthly_usd"] = _ENOUGH_USD
    for section in [key for key, value in content.items() if isinstance(value, list)]:
        content[section] = []
    content["functions"] = [
        {"name": name, "log_group": f"/aws/lambda/{name}", "follow_alias": False} for name in names
    ]
    return content
