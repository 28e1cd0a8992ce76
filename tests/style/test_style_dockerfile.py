"""The Dockerfile: linted, closed, and its steps make an environment that works by itself."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from simulator.processes import free_port
from tests.conftest import wait_for

ROOT = Path(__file__).parents[2]
STEPS = [
    (word, rest)
    for word, _, rest in (
        line.partition(" ")
        for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
]
LAST = max(index for index, (word, _) in enumerate(STEPS) if word == "FROM")
_INSIDE = re.compile(r"(?<![\w.])/(?=(?:opt|src)/)")


def test_the_linter_finds_nothing() -> None:
    """Hadolint has nothing to say, not even as information."""
    lint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [lint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_last_stage_is_closed() -> None:
    """It ends as a numbered user, has a health check, and its packages come from the first."""
    last = STEPS[LAST:]
    words = [word for word, _ in last]
    (user,) = (rest for word, rest in last if word == "USER")
    assert user.isdigit()
    assert int(user) > 0
    assert words.index("USER") > max(i for i, word in enumerate(words) if word in ("RUN", "COPY"))
    assert "HEALTHCHECK" in words
    commands = " ".join(rest for word, rest in last if word == "RUN")
    assert not re.search(r"pip install|apt-get|gcc", commands)
    assert all(
        "@sha256" in rest or re.search(r":\d+\.\d+\.\d+", rest) for w, rest in STEPS if w == "FROM"
    )


def test_every_package_is_copied() -> None:
    """What the distribution consists of is in the image, and nothing of tests or benchmarks."""
    import tomllib  # noqa: PLC0415 only here

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = [rest.split()[0] for word, rest in STEPS[:LAST] if word == "COPY"]
    assert copied[1:] == packages or set(copied[1:]) == set(packages)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first stage, carried out below a directory instead of /."""
    root = tmp_path_factory.mktemp("image")
    for word, rest in STEPS[:LAST]:
        if word == "COPY":
            _copy(root, rest)
        elif word == "RUN":
            command = _INSIDE.sub(f"{root}/", rest).replace(
                "python -m venv", f"{sys.executable} -m venv", 1
            )
            # Byte code is made when it is needed; here that saves half the time.
            quick = {**os.environ, "PIP_NO_COMPILE": "1"}
            subprocess.run(["sh", "-euc", command], check=True, timeout=280, env=quick)
    return root


def _copy(root: Path, rest: str) -> None:
    *sources, target = shlex.split(rest)
    for source in sources:
        place = root / target.lstrip("/")
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, place)


def _environment(root: Path, state: Path, port: int) -> dict[str, str]:
    (settings,) = (rest for word, rest in STEPS[LAST:] if word == "ENV")
    found = dict(pair.split("=", 1) for pair in shlex.split(settings))
    found = {name: _INSIDE.sub(f"{root}/", value) for name, value in found.items()}
    return found | {
        "VIGIA_CONFIG": str(ROOT / "platform.yaml"),
        "VIGIA_STATE_DIR": str(state),
        "VIGIA_HEALTH_URL": found["VIGIA_HEALTH_URL"].replace("9910", str(port)),
        # Nothing answers there: this is about the process, not about AWS.
        "VIGIA_AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}",
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
    }


@pytest.fixture
def exporter(image: Path, tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """The exporter, started by the image's own entry point and command."""
    port = free_port()
    environment = _environment(image, tmp_path, port)
    entry = [_INSIDE.sub(f"{image}/", word) for word in _words("ENTRYPOINT")]
    child = subprocess.Popen(
        [*entry, *_words("CMD"), f"--web.listen-address=127.0.0.1:{port}"],
        env=environment,
        cwd=tmp_path,
    )
    try:
        yield image, environment
    finally:
        child.terminate()
        child.wait(30)


def _words(instruction: str) -> list[str]:
    (text,) = (rest for word, rest in STEPS[LAST:] if word == instruction)
    return [str(word) for word in json.loads(text)]


def test_the_steps_make_a_working_exporter(exporter: tuple[Path, dict[str, str]]) -> None:
    """It starts as the image would start it, and the image's own health check finds it well."""
    image, environment = exporter
    (check,) = (rest for word, rest in STEPS[LAST:] if word == "HEALTHCHECK")
    words = json.loads(check.partition("CMD")[2])
    command = [_INSIDE.sub(f"{image}/", word) for word in words]

    def healthy() -> bool:
        done = subprocess.run(
            command, env=environment, capture_output=True, check=False, timeout=30
        )
        return done.returncode == 0

    wait_for(healthy, 60)
    url = environment["VIGIA_HEALTH_URL"].replace("-/healthy", "metrics")
    assert "vigia_build_info" in requests.get(url, timeout=30).text


def test_nothing_is_left_that_installs(image: Path) -> None:
    """Neither pip nor what only demo and tests need is in the environment."""
    left = {
        path.name.split("-")[0].lower() for path in image.glob("opt/vigia/lib/*/site-packages/*")
    }
    assert not left & {"pip", "setuptools", "moto", "pytest"}
    assert {"boto3", "flask", "apscheduler"} <= left
