"""The Compose stack: what it mounts exists, what it opens is local, what it runs is pinned."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

import alerts.generate
import grafana.generate
from inventory.load import load_inventory
from inventory.model import Inventory
from inventory.version import VERSION

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OVERLAY = ROOT / "deploy" / "compose" / "overlay.yaml"
GENERATED = ROOT / "deploy" / "compose" / "generated"
SOURCES = {
    "alertmanager.yml": "alerts/generated/alertmanager.yml",
    "alerts.yml": "alerts/generated/alerts.yml",
    "datasources.yml": "grafana/generated/provisioning/datasources/prometheus.yml",
    "prometheus.yml": "alerts/generated/prometheus.yml",
    "recording.yml": "alerts/generated/recording.yml",
}


def files(inventory: Inventory) -> dict[str, str]:
    """Return every generated file by its path."""
    return {**alerts.generate.files(inventory), **grafana.generate.files(inventory)}


def mounts(service: str) -> list[tuple[str, str]]:
    """Return what is mounted from the repository, and where."""
    pairs = [entry.split(":")[:2] for entry in SERVICES[service].get("volumes", [])]
    return [(source, target) for source, target in pairs if source.startswith(".")]


def test_the_stack_has_its_services() -> None:
    """Both processes and everything they talk to by default; a database where it is asked for."""
    always = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert always == {
        "exporter",
        "remediations",
        "prometheus",
        "alertmanager",
        "grafana",
        "influxdb",
    }
    assert {
        name: service["profiles"] for name, service in SERVICES.items() if name not in always
    } == {"postgresql": ["postgresql"], "platform": ["embedded"]}


def test_the_schema_of_compose_holds() -> None:
    """The file is valid by the Compose specification."""
    check = Path(sys.executable).with_name("check-jsonschema")
    command = [check, "--builtin-schema", "vendor.compose-spec", ROOT / "compose.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_limited(service: str) -> None:
    """None can take the machine's memory, processors or process table for itself."""
    limits = SERVICES[service]["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}


def test_our_image_is_of_our_version() -> None:
    """The tag is the version that the processes tell."""
    assert SERVICES["exporter"]["image"] == f"vigia:{VERSION}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_mounted_file_exists(service: str) -> None:
    """A missing file would be made a directory by Docker, and the program would fail on it."""
    assert [source for source, _ in mounts(service) if not (ROOT / source).exists()] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_pinned_healthy_and_local(service: str) -> None:
    """An exact version from Docker Hub, a health check, and ports on 127.0.0.1 only."""
    found = SERVICES[service]
    assert re.fullmatch(r"([a-z]+/)?[a-z-]+:v?\d+\.\d+(\.\d+)?", found["image"])
    assert found["healthcheck"]["test"][0] == "CMD"
    assert all(port.startswith("127.0.0.1:") for port in found["ports"])


@pytest.mark.parametrize("service", SERVICES)
def test_secrets_come_as_files(service: str) -> None:
    """No variable holds a secret; each secret that is used is declared."""
    found = SERVICES[service]
    for name, value in found.get("environment", {}).items():
        if re.search(r"TOKEN|PASSWORD|SECRET|KEY|CREDENTIALS", name):
            assert str(value).startswith("/run/secrets/"), name
            assert str(value).removeprefix("/run/secrets/") in found["secrets"], name
    used = {
        entry if isinstance(entry, str) else entry["source"] for entry in found.get("secrets", [])
    }
    assert used <= set(COMPOSE["secrets"])


def test_prometheus_keeps_longer_than_the_slos_look_back() -> None:
    """The retention covers the objectives' period."""
    period = load_inventory(ROOT / "platform.yaml").objectives.period
    (retention,) = (
        re.fullmatch(r"--storage\.tsdb\.retention\.time=(\d+)d", option)
        for option in SERVICES["prometheus"]["command"]
        if "retention.time" in option
    )
    assert retention is not None
    assert int(retention.group(1)) * 86_400 > period


def test_the_overlay_names_the_services_and_their_ports() -> None:
    """Every address that a process uses inside the network is a service with that port."""
    inventory = load_inventory(ROOT / "platform.yaml", OVERLAY)
    alerting = inventory.alerting
    urls = [
        inventory.influxdb.url,
        alerting.prometheus_url,
        alerting.alertmanager_url,
        alerting.remediations_url,
        *(
            f"http://{address}"
            for address in (
                alerting.exporter_address,
                alerting.remediations_address,
                alerting.alertmanager_address,
            )
        ),
    ]
    for url in urls:
        parts = urlsplit(url)
        published = SERVICES[parts.hostname or ""]["ports"][0]
        assert published.endswith(f":{parts.port}"), url


def test_dashboards_are_mounted_where_grafana_is_told_to_look() -> None:
    """The directory of the provisioned provider holds the dashboards."""
    provider = ROOT / "grafana/generated/provisioning/dashboards/vigia.yml"
    (path,) = {
        entry["options"]["path"]
        for entry in yaml.safe_load(provider.read_text(encoding="utf-8"))["providers"]
    }
    (folder,) = {source for source, target in mounts("grafana") if target == path}
    boards = [
        name for name in files(load_inventory(ROOT / "platform.yaml")) if "dashboards/" in name
    ]
    assert {path.name for path in (ROOT / folder).iterdir()} == {
        Path(name).name for name in boards if name.endswith(".json")
    }


def test_the_generated_configuration_is_that_of_the_overlay() -> None:
    """Rules, routes and data source are what the inventory under the overlay gives, to the byte."""
    generated = files(load_inventory(ROOT / "platform.yaml", OVERLAY))
    written = {path.name: path.read_text(encoding="utf-8") for path in GENERATED.iterdir()}
    assert written == {name: generated[source] for name, source in SOURCES.items()}


def test_what_is_not_generated_anew_does_not_depend_on_the_overlay() -> None:
    """Only the console's link would differ, and browsers open that one from outside."""
    overlaid = files(load_inventory(ROOT / "platform.yaml", OVERLAY))
    used = [source.removeprefix("./") for source, _ in mounts("grafana")]
    shared = [name for name in overlaid if any(name.startswith(one) for one in used)]
    shared = [name for name in shared if name.startswith("grafana/")]
    assert shared
    for name in shared:
        outside = overlaid[name].replace("http://remediations:9911", "http://127.0.0.1:9911")
        assert outside == (ROOT / name).read_text(encoding="utf-8"), name


def test_the_generated_configuration_speaks_of_the_services() -> None:
    """Prometheus, Alertmanager and Grafana reach each other by name, none by 127.0.0.1."""
    prometheus = (GENERATED / "prometheus.yml").read_text(encoding="utf-8")
    for address in ("exporter:9910", "remediations:9911", "alertmanager:9093"):
        assert address in prometheus
    assert "http://remediations:9911" in (GENERATED / "alertmanager.yml").read_text("utf-8")
    assert "http://prometheus:9090" in (GENERATED / "datasources.yml").read_text("utf-8")
    for name in ("prometheus.yml", "datasources.yml"):
        assert "127.0.0.1" not in (GENERATED / name).read_text(encoding="utf-8")


def test_prometheus_and_alertmanager_accept_their_files() -> None:
    """Their own checkers find nothing wrong, rule files included."""
    for command in (
        ("promtool", "check", "config", GENERATED / "prometheus.yml"),
        ("amtool", "check-config", GENERATED / "alertmanager.yml"),
    ):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


def test_the_secrets_script_writes_what_compose_wants(tmp_path: Path) -> None:
    """Every declared secret is written, random, readable in a closed directory, and kept."""
    script = ROOT / "deploy" / "compose" / "secrets.sh"
    directory = tmp_path / "secrets"
    subprocess.run([script, directory], check=True, capture_output=True)
    names = {Path(entry["file"]).name for entry in COMPOSE["secrets"].values()}
    written = {path.name: path.read_text(encoding="utf-8") for path in directory.iterdir()}
    assert set(written) == names
    url = written.pop("database-url")
    password = written["postgresql-password"]
    assert url == f"postgresql://vigia:{password}@postgresql:5432/vigia\n"
    random = [text for name, text in written.items() if not name.startswith("aws-")]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", text) for text in random)
    assert len(set(random)) == len(random)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert all(path.stat().st_mode & 0o004 for path in directory.iterdir())
    subprocess.run([script, directory], check=True, capture_output=True)
    written["database-url"] = url
    assert written == {path.name: path.read_text("utf-8") for path in directory.iterdir()}


def test_docker_reads_the_file() -> None:
    """Docker Compose itself finds nothing wrong, where it is installed."""
    docker = shutil.which("docker")
    if (
        not docker
        or subprocess.run(
            [docker, "compose", "version"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("Docker Compose is not installed")
    run = subprocess.run(
        [docker, "compose", "-f", ROOT / "compose.yaml", "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
