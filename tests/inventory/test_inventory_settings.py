"""Settings and tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.settings import Settings, SettingsError, read_tokens


def test_settings_have_defaults() -> None:
    """An empty environment gives the documented defaults; empty variables count as unset."""
    expected = Settings(
        config=Path("platform.yaml"),
        config_overlay=None,
        state_dir=Path("state"),
        database_url=None,
        database_url_file=None,
        aws_endpoint_url=None,
        webhook_token_file=None,
        influxdb_token_file=None,
    )
    assert Settings.read({}) == expected
    assert Settings.read({"VIGIA_CONFIG": "", "VIGIA_DATABASE_URL": ""}) == expected


def test_settings_read_every_variable() -> None:
    """Each documented variable arrives in its field."""
    settings = Settings.read(
        {
            "VIGIA_CONFIG": "a.yaml",
            "VIGIA_CONFIG_OVERLAY": "b.yaml",
            "VIGIA_STATE_DIR": "/s",
            "VIGIA_DATABASE_URL": "postgresql://h/d",
            "VIGIA_DATABASE_URL_FILE": "/u",
            "VIGIA_AWS_ENDPOINT_URL": "http://aws",
            "VIGIA_WEBHOOK_TOKEN_FILE": "/t",
            "VIGIA_INFLUXDB_TOKEN_FILE": "/i",
            "VIGIA_REMEDIATIONS_INFLUXDB_TOKEN_FILE": "/r",
        }
    )
    assert settings == Settings(
        config=Path("a.yaml"),
        config_overlay=Path("b.yaml"),
        state_dir=Path("/s"),
        database_url="postgresql://h/d",
        database_url_file=Path("/u"),
        aws_endpoint_url="http://aws",
        webhook_token_file=Path("/t"),
        influxdb_token_file=Path("/i"),
        remediations_influxdb_token_file=Path("/r"),
    )
    assert settings.database("exporter") == "postgresql://h/d"


def test_the_database_may_stand_in_a_file(tmp_path: Path) -> None:
    """The URL is the file's; where it cannot be read, the error is one line and names it."""
    path = tmp_path / "url"
    settings = Settings.read({"VIGIA_DATABASE_URL_FILE": str(path)})
    with pytest.raises(SettingsError, match=f"^{path}: No such file or directory$"):
        settings.database("ledger")
    path.write_text("postgresql://vigia:made-up@h/d\n")
    assert settings.database("ledger") == "postgresql://vigia:made-up@h/d"


def test_the_default_database_is_a_file_in_the_state_directory(tmp_path: Path) -> None:
    """The directory is made; where it cannot be, the error is one line."""
    settings = Settings.read({"VIGIA_STATE_DIR": str(tmp_path / "a" / "b")})
    assert settings.database("exporter") == f"sqlite:///{tmp_path}/a/b/exporter.db"
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"^[^\n]*(exists|directory)[^\n]*$"):
        Settings.read({"VIGIA_STATE_DIR": str(tmp_path / "file")}).database("exporter")


def test_tokens_are_read_one_a_line(tmp_path: Path) -> None:
    """Several tokens allow rotation; an empty or missing file is an error."""
    path = tmp_path / "tokens"
    path.write_text("new\n\n  old  \n", encoding="utf-8")
    assert read_tokens(path) == ("new", "old")
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="holds no token"):
        read_tokens(path)
    with pytest.raises(SettingsError, match="No such file"):
        read_tokens(tmp_path / "none")
