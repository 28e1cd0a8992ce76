"""How many webhook deliveries a second are durable before they are answered, and how late."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from bench import goals, storm
from bench.measure import Result, share
from inventory.discover import discover
from inventory.load import load_inventory
from remediations import actions
from remediations.intake import read_webhook
from remediations.ledger.store import open_ledger
from simulator.processes import answers, free_port, wait_for

_PLATFORM = Path(__file__).parents[1] / "platform.yaml"
_SECONDS = 3.0
_FUNCTIONS = 100
_DISTINCT, _REPEATED, _COPIES = 10_000, 100, 100
_MINUTE = 60.0
_PACE = 500.0
_GROWTH = 50.0  # MB: a fraction of what 20,000 deliveries would take if they were kept
_PACED, _IN_STORM = f"HTTP, {_PACE:.0f} a second", "HTTP, storm"
_COLUMNS = [
    *("case", "senders", "webhooks/s", "alerts/s", "p50 ms", "p99 ms", "worst ms", "CPU ms"),
    *("alerts sent", "refused", "on record", "runs", "RSS before MB", "RSS after MB", goals.COLUMN),
]
GOALS = (
    # The last of a paced round is sent a little before its second is over.
    goals.least(_PACED, "webhooks/s", 0.99 * _PACE),
    goals.most(_PACED, "p99 ms", 50.0),
    *(
        goal
        for case in (_PACED, _IN_STORM)
        for goal in (
            goals.most(case, "refused", 1),
            goals.Goal(case, "all on record", lambda row: _whole(row, "on record", "alerts sent")),
        )
    ),
    goals.Goal(_IN_STORM, f"{_REPEATED} runs", lambda row: row.get("runs") == _REPEATED),
    goals.most(_IN_STORM, "p99 ms", 50.0),
    goals.Goal(
        _IN_STORM,
        f"resident memory grows by less than {_GROWTH:.0f} MB",
        lambda row: _grown(row) < _GROWTH,
    ),
)
"""What the intake must show; see docs/benchmarks.md."""


def run() -> Result:
    """Measure the commit alone, webhooks over HTTP, and a storm within a minute."""
    with tempfile.TemporaryDirectory() as directory:
        inventory = Path(directory) / "platform.yaml"
        document = yaml.safe_load(_PLATFORM.read_text(encoding="utf-8"))
        inventory.write_text(yaml.safe_dump(storm.platform(document, _FUNCTIONS)))
        rows = [
            *(_committed(inventory, alerts, senders) for alerts in (1, 20) for senders in (1, 8)),
            *(_fast(inventory, alerts, senders) for alerts in (1, 20) for senders in (1, 8)),
            _paced(inventory),
            _storm(inventory),
        ]
    rows, missed = goals.judged(rows, GOALS)
    return Result(
        "Intake: parsed, decided and committed before the answer (SQLite, fsync on every commit)",
        _COLUMNS,
        [{name: row.get(name, "-") for name in _COLUMNS} for row in rows],
        [
            "'commit' is without HTTP. For 'HTTP' the service is a process of its own with its",
            "engine at work, and the senders are in another. Every alert is new but in the storm:",
            f"{_DISTINCT:,} distinct alerts and {_COPIES} copies of each of {_REPEATED} that each",
            f"ask for a run, one alert a webhook, within {_MINUTE:.0f} s. Where a pace is set, the",
            "milliseconds count from when a webhook was due, not from when a sender was free.",
            "'CPU ms' is the service's, its engine included, for each webhook. Leave the machine",
            "alone meanwhile: on a busy one the service waits for a processor, and so do answers.",
        ],
        missed,
    )


def _whole(row: goals.Row, found: str, wanted: str) -> bool:
    return row.get(found) is not None and row.get(found) == row.get(wanted)


def _grown(row: goals.Row) -> float:
    return goals.number(row, "RSS after MB") - goals.number(row, "RSS before MB")


def _committed(inventory_file: Path, alerts: int, senders: int) -> dict[str, object]:
    inventory, known = load_inventory(inventory_file), discover(actions, "ACTION")
    numbers = count()
    with tempfile.TemporaryDirectory() as directory:
        ledger = open_ledger(f"sqlite:///{Path(directory) / 'ledger.db'}")

        def deliver() -> None:
            body = _fresh(next(numbers), alerts)
            deliveries, truncated = read_webhook(body, inventory, known)
            ledger.deliveries.receive(deliveries, truncated, time.time())

        begun = time.perf_counter()
        with ThreadPoolExecutor(senders) as pool:
            found = pool.map(lambda _: _until(deliver), range(senders))
            taken = [duration for durations in found for duration in durations]
        elapsed = time.perf_counter() - begun
        ledger.close()
    return {"case": f"commit, {alerts} a webhook", **_rates(taken, elapsed, alerts, senders)}


def _until(deliver: Callable[[], None]) -> list[float]:
    end = time.perf_counter() + _SECONDS
    taken = []
    while (begun := time.perf_counter()) < end:
        deliver()
        taken.append(time.perf_counter() - begun)
    return taken


def _fresh(number: int, alerts: int) -> bytes:
    first = number * alerts
    return storm.webhook(
        [storm.alert(n, f"function_{n % _FUNCTIONS:03d}") for n in range(first, first + alerts)]
    )


def _rates(taken: Sequence[float], elapsed: float, alerts: int, senders: int) -> dict[str, object]:
    return {
        "senders": senders,
        "webhooks/s": len(taken) / elapsed,
        "alerts/s": len(taken) * alerts / elapsed,
        "p50 ms": share(taken, 0.5) * 1000,
        "p99 ms": share(taken, 0.99) * 1000,
        "worst ms": max(taken) * 1000,
    }


def _fast(inventory_file: Path, alerts: int, senders: int) -> dict[str, object]:
    bodies = [_fresh(number, alerts) for number in range(3000 if alerts == 1 else 600)]
    return _sent(f"HTTP, {alerts} a webhook", inventory_file, bodies, alerts, senders, 0.0)


def _paced(inventory_file: Path) -> dict[str, object]:
    bodies = [_fresh(number, 1) for number in range(5000)]
    return _sent(_PACED, inventory_file, bodies, 1, 8, _PACE)


def _storm(inventory_file: Path) -> dict[str, object]:
    bodies = storm.storm(_DISTINCT, _REPEATED, _COPIES)
    return _sent(_IN_STORM, inventory_file, bodies, 1, 8, len(bodies) / _MINUTE)


def _sent(
    case: str, inventory_file: Path, bodies: Sequence[bytes], alerts: int, senders: int, rate: float
) -> dict[str, object]:
    """Send ``bodies`` to a service of their own, ``rate`` a second (0: as fast as it answers)."""
    with _service(inventory_file) as service:
        before = service.resident()
        sent = service.send(bodies, senders, rate)
        after = service.resident()
        on_record, runs = service.counts()
    return {
        "case": case,
        **_rates(sent["seconds"], sent["elapsed"], alerts, senders),
        "CPU ms": sent["processor"],
        "alerts sent": len(bodies) * alerts,
        "refused": len(sent["refused"]),
        "on record": on_record,
        "runs": runs,
        "RSS before MB": before,
        "RSS after MB": after,
    }


class _Service:
    """A remediation service in a process of its own; its token is its inventory's neighbour."""

    def __init__(self, pid: int, port: int, ledger: Path) -> None:
        self._pid, self._port, self._ledger = pid, port, ledger

    def send(self, bodies: Sequence[bytes], senders: int, rate: float) -> dict[str, Any]:
        """Send from another process, so that the senders do not take the service's time."""
        command = [sys.executable, "-m", "bench.storm", str(self._port), _TOKEN, str(senders)]
        before = self._processor()
        done = subprocess.run(
            [*command, str(rate)], input=b"\n".join(bodies), capture_output=True, check=True
        )
        found: dict[str, Any] = json.loads(done.stdout)
        found["processor"] = (self._processor() - before) * 1000 / len(bodies)
        return found

    def _processor(self) -> float:
        """Return the seconds of a processor that the process has used."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> float:
        """Return the process's resident memory in MB."""
        pages = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def counts(self) -> tuple[int, int]:
        """Return how many deliveries and runs are on record."""
        with closing(sqlite3.connect(self._ledger)) as connection:
            one, two = "SELECT count(*) FROM deliveries", "SELECT count(*) FROM runs"
            return connection.execute(one).fetchone()[0], connection.execute(two).fetchone()[0]


_TOKEN = "bench-token"  # noqa: S105 made up


@contextmanager
def _service(inventory_file: Path) -> Iterator[_Service]:
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        token = Path(directory) / "token"
        token.write_text(_TOKEN)
        environment: Mapping[str, str] = {
            **os.environ,
            "VIGIA_CONFIG": str(inventory_file),
            "VIGIA_STATE_DIR": directory,
            "VIGIA_WEBHOOK_TOKEN_FILE": str(token),
            "VIGIA_AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}",
        }
        serve = ["remediations", "serve", "--web.listen-address", f"127.0.0.1:{port}"]
        log = (Path(directory) / "log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "vigia", *serve], env=environment, stderr=log
        )
        try:
            ready = f"http://127.0.0.1:{port}/-/ready"
            wait_for("the service", lambda: answers(ready), 30, time.sleep)
            yield _Service(process.pid, port, Path(directory) / "ledger.db")
        finally:
            process.terminate()
            process.wait(30)
            log.close()
