"""The inventory's JSON Schema is current, and tells an editor what the model would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vigia.inventory_schema import PATH, files

ROOT = Path(__file__).parents[2]


def checked(inventory: Path) -> subprocess.CompletedProcess[str]:
    """Return what check-jsonschema says of an inventory."""
    check = Path(sys.executable).with_name("check-jsonschema")
    return subprocess.run(
        [str(check), "--schemafile", str(ROOT / PATH), str(inventory)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_schema_is_current() -> None:
    """The committed schema is byte for byte what the model generates."""
    assert (ROOT / PATH).read_text(encoding="utf-8") == files()[PATH]


def test_the_platform_keeps_the_schema() -> None:
    """The inventory that is shipped is valid by the schema, its durations as text among it."""
    done = checked(ROOT / "platform.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  period: 1m", "  period: 60", "60 is not of type 'string'"),
        ("  period: 1m", "  period: 1 minute", "does not match"),
        ("  lag: 2m\n", "", "'lag' is a required property"),
        ("  topic: ons", "  tpoic: x\n  topic: ons", "'tpoic' was unexpected"),
        ("locale: pt-BR", "locale: fr", "'fr' is not one of"),
        ("        abort_uploads_after: 7d", "        abort_uploads_after: soon", "'soon'"),
    ],
)
def test_a_mistake_breaks_the_schema(tmp_path: Path, old: str, new: str, said: str) -> None:
    """A wrong type, form, key or value, and a missing key, are found without Vigia."""
    text = (ROOT / "platform.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "platform.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    done = checked(path)
    assert done.returncode == 1
    assert said in done.stdout + done.stderr


def test_what_the_model_takes_as_left_out_may_be_null(tmp_path: Path) -> None:
    """A key without default may be null, a duration too."""
    text = (ROOT / "platform.yaml").read_text(encoding="utf-8")
    path = tmp_path / "platform.yaml"
    path.write_text(
        text.replace("        abort_uploads_after: 7d", "        abort_uploads_after: null"),
        encoding="utf-8",
    )
    assert checked(path).returncode == 0
