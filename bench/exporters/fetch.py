"""Getting the peers with their own package managers, once, into a cache outside the repository."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from bench.exporters.peer import AbsentError

YACE = "github.com/prometheus-community/yet-another-cloudwatch-exporter"
YACE_VERSION = "v0.67.0"
JAVA = "io.prometheus.cloudwatch:cloudwatch_exporter"
JAVA_VERSION = "0.16.0"
_CACHE = Path.home() / ".cache" / "vigia-bench"
_PATIENCE = 420.0
_LOOPBACK = Path(__file__).with_name("Loopback.java")


def yace() -> Path:
    """Return the program, built where it was not yet.

    Raises:
        AbsentError: without Go, or if it cannot be built.
    """
    target = _CACHE / f"yace-{YACE_VERSION}"
    if target.exists():
        return target
    go = _program("go")
    # Not "go install": it also asks for the list of all versions, which a proxy need not have.
    # In its own directory the module is built with the versions that its own go.sum pins.
    found = json.loads(_run([go, "mod", "download", "-json", f"{YACE}@{YACE_VERSION}"]))
    _CACHE.mkdir(parents=True, exist_ok=True)
    made = target.with_suffix(".new")
    _run([go, "build", "-C", found["Dir"], "-buildvcs=false", "-o", str(made), "./cmd/yace"])
    made.replace(target)
    return target


def java_exporter() -> tuple[Path, Path]:
    """Return the released jar, and the directory of the compiled ``Loopback``.

    Raises:
        AbsentError: without a JDK or Maven, or if it cannot be had.
    """
    compiler, maven = _program("javac"), _program("mvn")
    directory = _CACHE / f"cloudwatch_exporter-{JAVA_VERSION}"
    jar = directory / f"cloudwatch_exporter-{JAVA_VERSION}-jar-with-dependencies.jar"
    if not jar.exists():
        artifact = f"{JAVA}:{JAVA_VERSION}:jar:jar-with-dependencies"
        goal = ("dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={directory}")
        _run([maven, "-q", "-B", *goal])
    classes = directory / "classes"
    classes.mkdir(parents=True, exist_ok=True)
    _run([compiler, "-cp", str(jar), "-d", str(classes), str(_LOOPBACK)])
    return jar, classes


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise AbsentError(f"{name} is not installed")
    return found


def _run(command: list[str]) -> str:
    _CACHE.mkdir(parents=True, exist_ok=True)
    try:
        ended = subprocess.run(
            command, cwd=_CACHE, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise AbsentError(f"{Path(command[0]).name} took over {_PATIENCE:.0f} s") from error
    if ended.returncode != 0:
        lines = (ended.stderr or ended.stdout).strip().splitlines() or ["no reason given"]
        raise AbsentError(f"{Path(command[0]).name} failed: {lines[-1][:200]}")
    return ended.stdout
