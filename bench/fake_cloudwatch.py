"""A fake AWS in its own process: ``python -m bench.fake_cloudwatch --functions 5000``.

It speaks CloudWatch (awsJson, CBOR, query), what exporters ask for discovery, and nothing else; it
listens on 127.0.0.1 only. It prints one line of JSON with the URLs of its two ports: ``url`` for
exporters, ``control`` for counts and faults (see ``bench/fake/control.py``).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from bench.fake.control import Control, Gate
from bench.fake.http import Connection
from bench.fake.service import Service
from bench.fake.world import PROFILES, World

_PATIENCE = 30.0


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m bench.fake_cloudwatch")
    parser.add_argument("--functions", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--period", type=int, default=60, help="seconds of the finest period")
    parser.add_argument("--lag", type=float, default=0.0, help="seconds until a period shows")
    parser.add_argument("--profile", choices=PROFILES, default="some")
    parser.add_argument("--with-parent", action="store_true", help="end when stdin is closed")
    asyncio.run(_serve(parser.parse_args()))


async def _serve(args: argparse.Namespace) -> None:
    world = World(args.functions, args.seed, args.period, args.lag, [(0, args.profile)])
    service = Service(world)
    gate = Gate(service)
    control = Control(service, gate)
    loop = asyncio.get_running_loop()
    await gate.open()
    server = await loop.create_server(lambda: Connection(control.handle, set()), "127.0.0.1", 0)
    control_port = server.sockets[0].getsockname()[1]
    # What is there now stays: looking at it again and again would only cost time.
    gc.collect()
    gc.freeze()
    urls = {
        "url": f"http://127.0.0.1:{gate.port}",
        "control": f"http://127.0.0.1:{control_port}",
    }
    sys.stdout.write(json.dumps(urls) + "\n")
    sys.stdout.flush()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if args.with_parent:
        loop.add_reader(sys.stdin, ended.set)
    await ended.wait()


@dataclass(frozen=True)
class Setup:
    """What a fake is started with; see the command's options."""

    functions: int
    seed: int = 1
    period: int = 60
    lag: float = 0.0
    profile: str = "some"

    def world(self) -> World:
        """Return the same world, to work out what was served."""
        return World(self.functions, self.seed, self.period, self.lag, [(0, self.profile)])

    def options(self) -> list[str]:
        """Return the command's options."""
        given = {
            "functions": self.functions,
            "seed": self.seed,
            "period": self.period,
            "lag": self.lag,
            "profile": self.profile,
        }
        return [text for name, value in given.items() for text in (f"--{name}", str(value))]


class FakeCloudWatch:
    """The fake as seen from the benchmark: a process to start, ask, change and stop."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._session = requests.Session()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.fake_cloudwatch", "--with-parent", *setup.options()],
            # Closed with us, however we end: the fake is never left behind.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101 it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the fake AWS ended at start")
        urls = json.loads(line)
        self.url: str = urls["url"]
        self._control: str = urls["control"]

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def report(self) -> dict[str, Any]:
        """Return the counts since the last reset."""
        answer = self._session.get(self._control, timeout=_PATIENCE)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def served(self) -> dict[str, Any]:
        """Return since when and until when each metric was answered since the start."""
        answer = self._session.get(f"{self._control}/served", timeout=_PATIENCE)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def change(self, **wanted: Any) -> Mapping[str, Any]:
        """Change what ``bench/fake/control.py`` lets be changed; return the counts.

        Raises:
            ValueError: with the fake's reason.
        """
        answer = self._session.post(self._control, json=wanted, timeout=_PATIENCE)
        content: dict[str, Any] = answer.json()
        if not answer.ok:
            raise ValueError(content["error"])
        return content

    def stop(self) -> None:
        """End the process."""
        self._session.close()
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


if __name__ == "__main__":
    main()
