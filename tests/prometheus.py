"""A real Prometheus for a test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulator.processes import Child, free_port, program
from tests.conftest import wait_for


@contextmanager
def prometheus_at(root: Path, config: Mapping[str, Any], *options: str) -> Iterator[str]:
    """Serve on 127.0.0.1 until the block ends; yield the URL.

    ``config`` is written to ``root``, and relative paths in it are from there; so is ``data``.
    """
    # JSON is YAML too.
    path = root / "prometheus.yml"
    path.write_text(json.dumps(config), encoding="utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    child = Child(
        name="prometheus",
        command=(
            program("prometheus"),
            f"--config.file={path}",
            f"--storage.tsdb.path={root / 'data'}",
            f"--web.listen-address={url.removeprefix('http://')}",
            "--log.level=warn",
            *options,
        ),
        log=root / "prometheus.log",
        ready_url=f"{url}/-/ready",
    )
    child.start()
    try:
        wait_for(child.is_ready, 30)
        yield url
    finally:
        child.stop()
