"""What the Compose stacks run exists in the product: commands, ports, settings, mounted files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from inventory.load import load_inventory
from inventory.version import VERSION
from tests.style.compose import FILES, ROOT, ours, running, stack
from tests.style.test_style_compose import GENERATED, SOURCES, files
from vigia.__main__ import build_parser

STACKS = {name: stack(name) for name in FILES}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OURS = [(name, service) for name, found in STACKS.items() for service in ours(found)]
_LIMITS = {"cpus", "memory", "pids"}


def mounts(stack_name: str, service: dict[str, Any]) -> dict[str, str]:
    """Return what a service finds where: of the repository, of volumes, of secrets."""
    secrets = STACKS[stack_name]["secrets"]
    found = {
        target: source
        for source, target in (one.split(":")[:2] for one in service.get("volumes", []))
    }
    for entry in service.get("secrets", []):
        name = entry if isinstance(entry, str) else entry["source"]
        target = f"/run/secrets/{name}" if isinstance(entry, str) else entry["target"]
        found[target] = secrets[name]["file"]
    return found


def listened(service: dict[str, Any]) -> set[str]:
    """Return the ports that the command of one of our services listens on."""
    build_parser().parse_args(service["command"])
    return {word.rpartition(":")[2] for word in service["command"] if "listen-address" in word}


def paths(node: Any) -> Iterator[str]:
    """Yield every absolute path of a configuration."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from paths(one)
    elif isinstance(node, str) and node.startswith("/etc/"):
        yield node


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_valid(name: str) -> None:
    """Each file of a stack is valid by the Compose specification."""
    check = Path(sys.executable).with_name("check-jsonschema")
    command = [check, "--builtin-schema", "vendor.compose-spec", *FILES[name]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("name", "service"), OURS)
def test_our_services_run_commands_on_their_ports(name: str, service: str) -> None:
    """The program takes the command; what it listens on is published and probed."""
    found = ours(STACKS[name])[service]
    published = [port.split(":") for port in found["ports"]]
    assert {inside for _, _, inside in published} == listened(found)
    assert all((host, outside) == ("127.0.0.1", inside) for host, outside, inside in published)
    probed = urlsplit(found["environment"]["VIGIA_HEALTH_URL"])
    assert str(probed.port) in listened(found)
    assert "VIGIA_HEALTH_URL" in found["healthcheck"]["test"][-1]
    assert found["image"].rpartition(":")[2] == VERSION


@pytest.mark.parametrize(("name", "service"), OURS)
def test_our_services_are_closed(name: str, service: str) -> None:
    """No root file system to write to, no capability, no new privilege, no unlimited resource."""
    found = ours(STACKS[name])[service]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert set(found["deploy"]["resources"]["limits"]) == _LIMITS


@pytest.mark.parametrize(("name", "service"), OURS)
def test_our_settings_exist_and_their_files_are_mounted(name: str, service: str) -> None:
    """Each variable is one that the product or its image reads; a path is mounted or an image's."""
    found = ours(STACKS[name])[service]
    read = {*re.findall(r'"(VIGIA_[A-Z_]+)"', (ROOT / "inventory/settings.py").read_text("utf-8"))}
    read |= {*re.findall(r"VIGIA_[A-Z_]+(?==)", DOCKERFILE), "AWS_SHARED_CREDENTIALS_FILE"}
    assert set(found["environment"]) <= read
    there = {*mounts(name, found), "/var/lib/vigia"}
    named = [value for value in found["environment"].values() if value.startswith("/")]
    assert [path for path in named if path not in there] == []


def test_the_image_of_the_account_needs_no_argument() -> None:
    """Both processes are one image, built as the Dockerfile says by itself, ports exposed."""
    one, other = ours(STACKS["account"]).values()
    assert (one["image"], one["build"]) == (other["image"], other["build"]) == (one["image"], ".")
    exposed = set(re.findall(r"^EXPOSE (.+)$", DOCKERFILE, re.MULTILINE)[0].split())
    assert listened(one) | listened(other) == exposed


@pytest.mark.parametrize("name", FILES)
def test_every_configured_path_is_mounted(name: str) -> None:
    """What options and configuration files name is mounted where they say."""
    services = STACKS[name]["services"]
    for service in ("prometheus", "alertmanager"):
        found = mounts(name, services[service])
        options = [word.partition("=")[2] for word in services[service]["command"]]
        named = [word for word in options if word.startswith("/")]
        (config,) = (path for path in named if path.endswith(".yml"))
        document = yaml.safe_load((ROOT / found[config]).read_text(encoding="utf-8"))
        # Prometheus reads these relative to its configuration.
        rules = {str(Path(config).with_name(name)) for name in document.get("rule_files", ())}
        assert {*named, *paths(document), *rules} <= set(found), service


@pytest.mark.parametrize("name", FILES)
def test_every_source_exists_or_is_written(name: str) -> None:
    """Each mounted file is in the repository, or is one that the secrets' script writes."""
    script = (ROOT / "deploy/compose/secrets.sh").read_text(encoding="utf-8")
    for service in running(STACKS[name]).values():
        for source in mounts(name, service).values():
            written = source.startswith("./deploy/compose/secrets/")
            secret = source.rpartition("/")[2].removeprefix("aws-")
            assert (
                secret in script
                if written
                else not source.startswith(".") or (ROOT / source).exists()
            ), source


def test_the_embedded_platform_takes_the_accounts_place() -> None:
    """The platform starts instead of InfluxDB, and the two processes wait for it."""
    account, embedded = (set(running(STACKS[name])) for name in FILES)
    assert embedded - account == {"platform"}
    assert account - embedded == {"influxdb"}
    services = STACKS["embedded"]["services"]
    (lock,) = services["platform"]["build"]["args"].values()
    assert (ROOT / lock).is_file()
    assert re.search(rf"^COPY .*\b{lock} ", DOCKERFILE, re.MULTILINE)
    assert set(services["platform"]["build"]["args"]) == {"LOCK"}
    for service in ("exporter", "remediations"):
        found = services[service]
        url = urlsplit(found["environment"]["VIGIA_AWS_ENDPOINT_URL"])
        assert (url.hostname, str(url.port)) == ("platform", "9913")
        assert str(url.port) in listened(services["platform"])
        assert found["depends_on"] == {"platform": {"condition": "service_healthy"}}


def test_no_credentials_reach_the_embedded_stack() -> None:
    """The account's own credentials are not even mounted; made-up ones are."""
    sources = {
        source
        for service in running(STACKS["embedded"]).values()
        for source in mounts("embedded", service).values()
    }
    assert not [source for source in sources if "secrets/aws-" in source]
    assert "./deploy/compose/embedded-credentials" in sources


def test_the_embedded_overlay_differs_by_the_platform_alone() -> None:
    """Its addresses are services' ports, and rules, routes and dashboards are the same as ever."""
    one, other = (
        yaml.safe_load((ROOT / "deploy/compose" / name).read_text(encoding="utf-8"))
        for name in ("overlay.yaml", "embedded-overlay.yaml")
    )
    assert one["alerting"] == other["alerting"]
    inventory = load_inventory(
        ROOT / "platform.yaml", ROOT / "deploy/compose/embedded-overlay.yaml"
    )
    ports = listened(STACKS["embedded"]["services"]["platform"])
    urls = [inventory.influxdb.url, *(str(api.health_url) for api in inventory.apis)]
    for url in urls:
        parts = urlsplit(url)
        assert (parts.hostname, str(parts.port) in ports) == ("platform", True)
    plain = load_inventory(ROOT / "platform.yaml")
    assert [(api.name, api.stage) for api in inventory.apis] == [
        (api.name, api.stage) for api in plain.apis
    ]
    made = files(inventory)
    for name, source in SOURCES.items():
        assert made[source] == (GENERATED / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_docker_reads_the_files(name: str) -> None:
    """Docker Compose itself finds nothing wrong, where it is installed."""
    docker = shutil.which("docker")
    asked = [docker or "docker", "compose"]
    if not docker or subprocess.run([*asked, "version"], check=False).returncode:
        pytest.skip("Docker Compose is not installed")
    options = [word for path in FILES[name] for word in ("-f", str(path))]
    done = subprocess.run(
        [*asked, *options, "config", "--quiet"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
