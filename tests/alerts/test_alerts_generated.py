"""What is generated is current, and Prometheus and Alertmanager accept it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from alerts import generate
from alerts.alertmanager import alertmanager
from alerts.documents import HEADER
from alerts.rule import LOCALES
from inventory.load import load_inventory
from inventory.model import Inventory
from simulator.layout import DEMO_OVERLAY

ROOT = Path(__file__).parents[2]
PLATFORM = ROOT / "platform.yaml"


def _inventory(name: str) -> Inventory:
    return load_inventory(PLATFORM, DEMO_OVERLAY if name == "demo" else None)


def _write(files: dict[str, str], root: Path) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root / generate.GENERATED


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr


def test_generated_files_are_current() -> None:
    """The committed files are byte for byte what the inventory generates, and none is left over."""
    expected = generate.files(_inventory("platform"))
    found = [*(ROOT / generate.GENERATED).iterdir(), *(ROOT / "docs/runbooks").rglob("*.md")]
    actual = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in found}
    assert actual == expected


def test_generated_files_say_not_to_edit_them() -> None:
    """Every generated file's first line says where it comes from."""
    for name, text in generate.files(_inventory("platform")).items():
        assert HEADER in text.splitlines()[0], name


@pytest.mark.parametrize("name", ["platform", "demo"])
def test_prometheus_accepts_the_configuration(name: str, tmp_path: Path) -> None:
    """Promtool finds configuration and rules valid, also with the demo's compressed time."""
    directory = _write(generate.files(_inventory(name)), tmp_path)
    _run("promtool", "check", "config", directory / "prometheus.yml")


@pytest.mark.parametrize("name", ["platform", "demo"])
@pytest.mark.parametrize("sink", [None, "http://127.0.0.1:9912/sink"])
def test_alertmanager_accepts_the_configuration(
    name: str, sink: str | None, tmp_path: Path
) -> None:
    """Amtool finds the configuration valid, with people and with a sink in their place."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(alertmanager(_inventory(name), sink_url=sink), encoding="utf-8")
    _run("amtool", "check-config", path)


def test_the_sink_hears_what_people_would() -> None:
    """With a sink every receiver but the engine's is a webhook that ends in its name."""
    document = yaml.safe_load(alertmanager(_inventory("demo"), sink_url="http://sink"))
    urls = {
        receiver["name"]: [config["url"] for config in receiver["webhook_configs"]]
        for receiver in document["receivers"]
    }
    engine = urls.pop("remediations")
    assert engine == ["http://127.0.0.1:9911/v1/alerts"]
    assert urls == {name: [f"http://sink/{name}"] for name in urls}


def test_no_secret_is_written() -> None:
    """The engine's token is named as a file, by default and by parameter."""
    document = yaml.safe_load(alertmanager(_inventory("platform"), credentials_file="/run/token"))
    webhook = document["receivers"][0]["webhook_configs"][0]
    assert webhook["http_config"] == {
        "authorization": {"type": "Bearer", "credentials_file": "/run/token"}
    }
    assert (webhook["max_alerts"], webhook["send_resolved"]) == (0, True)


@pytest.mark.parametrize("locale", LOCALES)
def test_annotations_speak_the_locale(locale: str) -> None:
    """Alerts carry the inventory's language; runbooks are written in both."""
    inventory = _inventory("platform").model_copy(update={"locale": locale})
    files = generate.files(inventory)
    document = yaml.safe_load(files[f"{generate.GENERATED}/alerts.yml"])
    annotations = document["groups"][0]["rules"][0]["annotations"]
    assert (
        annotations["summary"]
        == {
            "pt-BR": "Função passou a falhar após uma implantação",
            "en": "Function fails since a deployment",
        }[locale]
    )
    uid = f"vigia-functions-{locale.lower()}"
    assert annotations["dashboard_url"] == f"http://127.0.0.1:3000/d/{uid}?viewPanel=11"
    assert f"docs/runbooks/{locale}/Watchdog.md" in files


def test_playbooks_must_name_alerts_that_exist() -> None:
    """A playbook for an unknown alert is refused: its remediation would never be asked for."""
    inventory = _inventory("platform")
    playbook = inventory.playbook("rollback_function")
    changed = playbook.model_copy(update={"alerts": ("NoSuchAlert",)})
    with pytest.raises(ValueError, match="unknown alerts: NoSuchAlert"):
        generate.files(inventory.model_copy(update={"playbooks": (changed,)}))


def test_without_playbooks_nothing_asks_for_action() -> None:
    """The remediation label comes from the inventory alone."""
    inventory = _inventory("platform").model_copy(update={"playbooks": ()})
    text = generate.files(inventory)[f"{generate.GENERATED}/alerts.yml"]
    assert "remediation:" not in text
