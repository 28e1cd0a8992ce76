"""``vigia exporter`` as a process: once, slow, failing, in shards, and reloaded by a signal."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from inventory.load import load_inventory
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.processes import free_port
from simulator.seed import seed
from tests.conftest import wait_for
from tests.exporter.support import ROOT, Clock


class Platform:
    """The seeded platform, and the command line, environment and files of an exporter of it."""

    def __init__(
        self, aws: EmbeddedAws, influx: InfluxStandIn, alertmanager: str, root: Path
    ) -> None:
        self.aws, self.influx, self.root = aws, influx, root
        self.config = root / "platform.yaml"
        text = (ROOT / "platform.yaml").read_text(encoding="utf-8")
        for old, new in (
            ("http://127.0.0.1:8086", influx.url),
            ("alertmanager_url: http://127.0.0.1:9093", f"alertmanager_url: {alertmanager}"),
        ):
            assert old in text
            text = text.replace(old, new)
        self.write(text)
        (root / "influx-token").write_text("made-up-token", encoding="utf-8")
        self.environment = {
            **os.environ,
            "VIGIA_STATE_DIR": str(root / "state"),
            "VIGIA_AWS_ENDPOINT_URL": aws.url,
            "VIGIA_INFLUXDB_TOKEN_FILE": str(root / "influx-token"),
            "TERM": "xterm",
            "COLUMNS": "100",
        }

    def write(self, text: str) -> None:
        """Replace the inventory."""
        self.config.write_text(text, encoding="utf-8")

    def command(self, *options: str) -> list[str]:
        """Return the command line."""
        config = ("--config.file", str(self.config))
        return [sys.executable, "-m", "vigia", "exporter", *config, *options]

    def once(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Collect once."""
        return subprocess.run(
            self.command("--once", *options),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture
def platform(
    aws: EmbeddedAws, influx: InfluxStandIn, alertmanager_url: str, clock: Clock, tmp_path: Path
) -> Platform:
    """A platform whose clock stands still."""
    seed(aws, load_inventory(ROOT / "platform.yaml"), clock.now)
    return Platform(aws, influx, alertmanager_url, tmp_path)


def test_once_prints_the_exposition_and_nothing_else(platform: Platform) -> None:
    """A collection that goes well ends with 0, metrics on stdout and no failures."""
    done = platform.once()
    assert done.returncode == 0, done.stderr
    assert 'vigia_collector_up{collector="lambda"} 1.0' in done.stdout
    assert re.search(
        r'^dataplatform_lambda_errors_total\{function="\w+"\} ', done.stdout, re.MULTILINE
    )
    assert all(re.match(r"#|\w+(\{.*\})? \S+$", line) for line in done.stdout.splitlines())
    assert "failed" not in done.stderr


def test_once_names_what_failed(platform: Platform) -> None:
    """What failed is named with its reason, one line each; the rest is printed; the code is 3."""
    platform.aws.front.fail("logs", "FilterLogEvents", code="AccessDeniedException", status=400)
    done = platform.once()
    assert done.returncode == 3
    assert "vigia: logs: denied" in done.stderr.splitlines()
    assert 'vigia_collector_up{collector="logs"} 0.0' in done.stdout
    assert 'vigia_collector_up{collector="lambda"} 1.0' in done.stdout


def test_a_slow_collector_is_waited_for_aloud(platform: Platform) -> None:
    """Beyond two seconds, stderr tells in plain lines how many collectors are done."""
    platform.influx.write_delay = lambda: 6.0
    done = platform.once()
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("vigia: collecting: ")]
    form = re.compile(r"vigia: collecting: (\d+) of (\d+) done(?:, \w+ last)? \((\d+) s\)")
    shown = [tuple(map(int, found.groups())) for line in told if (found := form.fullmatch(line))]
    assert len(shown) == len(told) > 0
    assert shown == sorted(shown)
    assert all(number <= total and waited >= 2 for number, total, waited in shown)
    assert shown[0][0] < shown[0][1]
    assert "collecting" not in done.stdout


def test_a_terminal_sees_a_bar_that_vanishes(platform: Platform) -> None:
    """On a terminal the same is drawn as a bar, erased before the command ends."""
    platform.influx.write_delay = lambda: 6.0
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        platform.command("--once"),
        cwd=ROOT,
        env=platform.environment,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    drawn = bytearray()

    def read() -> None:
        try:
            while part := os.read(ours, 4096):
                drawn.extend(part)
        except OSError:
            # Linux ends a pseudo-terminal whose other side is closed with an error.
            return

    reader = threading.Thread(target=read)
    reader.start()
    out, _ = process.communicate(timeout=120)
    reader.join(20)
    os.close(ours)
    text = drawn.decode()
    assert process.returncode == 0, text
    assert b'vigia_collector_up{collector="influxdb"} 1.0' in out
    assert re.search(r"collecting .*\d+/\d+", text)
    assert "vigia: collecting" not in text
    erase_line = "\x1b[2K"
    assert text.rindex(erase_line) > text.rindex("collecting")


@pytest.fixture
def served(platform: Platform) -> Iterator[tuple[Platform, subprocess.Popen[str], str]]:
    """A running shard of the exporter and its address."""
    port = free_port()
    process = subprocess.Popen(
        platform.command("--shard", "0/2", "--web.listen-address", f"127.0.0.1:{port}"),
        cwd=ROOT,
        env=platform.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield platform, process, f"http://127.0.0.1:{port}"
    process.terminate()
    process.communicate(timeout=20)


def scraped(url: str) -> dict[str, str]:
    """Return what a scrape finds; nothing while the exporter does not answer."""
    try:
        text = requests.get(f"{url}/metrics", timeout=5).text
    except requests.RequestException:
        return {}
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.rsplit(" ", 1) for line in lines)


def test_a_signal_reloads_cap_and_keeps_the_shard(
    served: tuple[Platform, subprocess.Popen[str], str],
) -> None:
    """SIGHUP takes up a lower cap at once, refuses a wrong inventory, deals nothing out anew."""
    platform, process, url = served
    cap, stretch = "vigia_cost_cap_usd", 'vigia_collector_stretch_ratio{collector="lambda"}'
    shard = 'vigia_shard_info{shard="0",shards="2"}'
    # Ready is who has run everything once; what a busy machine did not manage comes with the next.
    wait_for(lambda: requests_ready(url) and functions(scraped(url)), 90)
    before = scraped(url)
    assert before[shard] == "1.0"
    assert float(before[cap]) > 1
    assert before[stretch] == "1.0"
    text = platform.config.read_text(encoding="utf-8")
    platform.write(text.replace("monthly_usd: 50", "monthly_usd: 0.0001"))
    process.send_signal(signal.SIGHUP)
    wait_for(lambda: scraped(url).get(stretch) == "16.0", 30)
    after = scraped(url)
    assert float(after[cap]) < 0.0001
    assert after[shard] == "1.0"
    assert functions(after) == functions(before) != set()
    platform.write("version: 2\n")
    process.send_signal(signal.SIGHUP)
    refused = requests.post(f"{url}/-/reload", timeout=10)
    assert refused.status_code == 400
    assert scraped(url)[stretch] == "16.0"
    assert process.poll() is None


def requests_ready(url: str) -> bool:
    """Say whether every collector has run."""
    try:
        return requests.get(f"{url}/-/ready", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def functions(found: dict[str, str]) -> set[str]:
    """Return the functions whose errors are shown."""
    return {name for name in found if name.startswith("dataplatform_lambda_errors_total")}
