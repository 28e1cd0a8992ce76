"""The Dockerfile: linted, closed, and its steps make an environment that works by itself."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest
import requests

from simulator.processes import free_port
from tests.conftest import wait_for
from tests.style.compose import stack

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
PLATFORM = stack("embedded")["services"]["platform"]
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


def test_no_pip_is_left_in_the_base(tmp_path: Path) -> None:
    """What the base image has of pip is removed by the last stage, ensurepip's copy included."""
    own = Path(sys.base_prefix)
    place = tmp_path / "usr/local/lib/python3.11"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copytree(own / "lib" / version / "ensurepip", place / "ensurepip")
    for name in ("pip", "setuptools", "pip-25.1.dist-info", "wheel"):
        (place / "site-packages" / name).mkdir(parents=True)
    (tmp_path / "usr/local/bin").mkdir(parents=True)
    for name in ("pip", "pip3", "pip3.11", "wheel", "python3.11"):
        (tmp_path / "usr/local/bin" / name).touch()
    (steps,) = (rest for word, rest in STEPS[LAST:] if word == "RUN")
    (remove,) = (step for step in steps.split("&&") if step.strip().startswith("rm "))
    subprocess.run(["sh", "-euc", remove.replace("/usr/", f"{tmp_path}/usr/")], check=True)
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"python3.11"}
    assert [path.name for path in place.rglob("*")] == ["site-packages"]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first stage with what it takes by default."""
    return _build(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first stage with the packages of the embedded platform, as its Compose file asks."""
    return _build(tmp_path_factory.mktemp("embedded"), PLATFORM["build"]["args"])


def _build(root: Path, given: Mapping[str, str] = MappingProxyType({})) -> Path:
    """Carry out the first stage below a directory instead of /."""
    args = dict(rest.split("=", 1) for word, rest in STEPS[:LAST] if word == "ARG")
    assert set(given) <= set(args)
    for word, rest in STEPS[:LAST]:
        if word == "COPY":
            _copy(root, rest)
        elif word == "RUN":
            command = _INSIDE.sub(f"{root}/", rest).replace(
                "python -m venv", f"{sys.executable} -m venv", 1
            )
            # Byte code is made when it is needed; here that saves half the time.
            quick = {**os.environ, **args, **given, "PIP_NO_COMPILE": "1"}
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


@contextmanager
def started(image: Path, command: Sequence[str], environment: dict[str, str]) -> Iterator[None]:
    """Run the image's entry point with a command, and end it."""
    entry = [_INSIDE.sub(f"{image}/", word) for word in _words("ENTRYPOINT")]
    child = subprocess.Popen(
        [*entry, *command], env=environment, cwd=environment["VIGIA_STATE_DIR"]
    )
    try:
        yield
        child.terminate()
        assert child.wait(30) == 0
    finally:
        # Ended already where all went well.
        child.kill()
        child.wait()


def _words(instruction: str) -> list[str]:
    (text,) = (rest for word, rest in STEPS[LAST:] if word == instruction)
    return [str(word) for word in json.loads(text)]


def becomes_healthy(image: Path, environment: dict[str, str]) -> None:
    """Wait until the image's own health check finds the process well."""
    (check,) = (rest for word, rest in STEPS[LAST:] if word == "HEALTHCHECK")
    words = json.loads(check.partition("CMD")[2])
    command = [_INSIDE.sub(f"{image}/", word) for word in words]

    def healthy() -> bool:
        done = subprocess.run(
            command, env=environment, capture_output=True, check=False, timeout=90
        )
        return done.returncode == 0

    wait_for(healthy, 60)


def test_the_steps_make_a_working_exporter(image: Path, tmp_path: Path) -> None:
    """It starts as the image would start it, and the image's own health check finds it well."""
    port = free_port()
    environment = _environment(image, tmp_path, port)
    command = [*_words("CMD"), f"--web.listen-address=127.0.0.1:{port}"]
    with started(image, command, environment):
        becomes_healthy(image, environment)
        url = environment["VIGIA_HEALTH_URL"].replace("-/healthy", "metrics")
        assert "vigia_build_info" in requests.get(url, timeout=30).text


def test_the_steps_make_a_working_platform(embedded: Path, tmp_path: Path) -> None:
    """With the other lock file the command of the Compose service is healthy and sees traffic."""
    port, influxdb = free_port(), free_port()
    environment = _environment(embedded, tmp_path, port)
    (tmp_path / "token").write_text("made-up", encoding="utf-8")
    environment["VIGIA_INFLUXDB_TOKEN_FILE"] = str(tmp_path / "token")
    ports = {"9913": port, "8087": influxdb}
    command = [
        re.sub(r"0\.0\.0\.0:(\d+)", lambda found: f"127.0.0.1:{ports[found[1]]}", word)
        for word in PLATFORM["command"]
    ]
    with started(embedded, command, environment):
        becomes_healthy(embedded, environment)
        assert requests.get(f"http://127.0.0.1:{influxdb}/health", timeout=10).ok


def test_without_its_packages_the_platform_says_so(image: Path, tmp_path: Path) -> None:
    """The image of the account ends the platform's command with one line and no traceback."""
    environment = _environment(image, tmp_path, free_port())
    (tmp_path / "token").write_text("made-up", encoding="utf-8")
    environment["VIGIA_INFLUXDB_TOKEN_FILE"] = str(tmp_path / "token")
    entry = [_INSIDE.sub(f"{image}/", word) for word in _words("ENTRYPOINT")]
    done = subprocess.run(
        [*entry, "platform", "serve"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "is not installed" in done.stderr


@pytest.mark.parametrize("stage", ["image", "embedded"])
def test_nothing_is_left_that_installs(stage: str, request: pytest.FixtureRequest) -> None:
    """Neither pip nor what only tests need is in the environment; moto only where it is wanted."""
    left = {
        path.name.split("-")[0].lower()
        for path in request.getfixturevalue(stage).glob("opt/vigia/lib/*/site-packages/*")
    }
    assert not left & {"pip", "setuptools", "pytest", "selenium"}
    assert {"boto3", "flask", "apscheduler"} <= left
    assert ("moto" in left) is (stage == "embedded")
