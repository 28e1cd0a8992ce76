"""Settings: read once from the environment, frozen, handed to whoever needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path


class SettingsError(Exception):
    """A setting that cannot be used, in one line."""


@dataclass(frozen=True)
class Settings:
    """Where this process finds its inventory, keeps its state and reads its secrets."""

    config: Path
    config_overlay: Path | None
    state_dir: Path
    database_url: str | None
    database_url_file: Path | None
    aws_endpoint_url: str | None
    webhook_token_file: Path | None
    influxdb_token_file: Path | None
    remediations_influxdb_token_file: Path | None = None
    client_certificates: bool = False

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Return the settings that ``environment`` holds (keys start with ``VIGIA_``).

        Raises:
            SettingsError: if one cannot be understood.
        """

        def path(name: str) -> Path | None:
            value = environment.get(name)
            return Path(value) if value else None

        return cls(
            config=path("VIGIA_CONFIG") or Path("platform.yaml"),
            config_overlay=path("VIGIA_CONFIG_OVERLAY"),
            state_dir=path("VIGIA_STATE_DIR") or Path("state"),
            database_url=environment.get("VIGIA_DATABASE_URL") or None,
            database_url_file=path("VIGIA_DATABASE_URL_FILE"),
            aws_endpoint_url=environment.get("VIGIA_AWS_ENDPOINT_URL") or None,
            webhook_token_file=path("VIGIA_WEBHOOK_TOKEN_FILE"),
            influxdb_token_file=path("VIGIA_INFLUXDB_TOKEN_FILE"),
            remediations_influxdb_token_file=path("VIGIA_REMEDIATIONS_INFLUXDB_TOKEN_FILE"),
            client_certificates=_switch(environment, "VIGIA_CLIENT_CERTIFICATES"),
        )

    def with_database(self, url: str) -> Settings:
        """Return the same settings with another database URL."""
        return replace(self, database_url=url)

    def database(self, name: str, *, make_room: bool = True) -> str:
        """Return the database URL: the one set, or in a file, else an SQLite file of our own.

        ``make_room`` makes the directory of that file, which whoever only reads leaves alone.

        Raises:
            SettingsError: if the URL's file cannot be read, or the state directory not be made.
        """
        if self.database_url:
            return self.database_url
        if self.database_url_file:
            (url, *_) = read_tokens(self.database_url_file)
            return url
        if make_room:
            try:
                self.state_dir.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SettingsError(f"{self.state_dir}: {error.strerror}") from error
        return f"sqlite:///{self.state_dir / name}.db"


def _switch(environment: Mapping[str, str], name: str) -> bool:
    found = environment.get(name) or "false"
    if found not in ("true", "false"):
        raise SettingsError(f"{name} is true or false, not '{found}'")
    return found == "true"


def read_tokens(path: Path) -> tuple[str, ...]:
    """Return the tokens of a file, one a line.

    Raises:
        SettingsError: if it cannot be read or holds none.
    """
    try:
        tokens = tuple(path.read_text(encoding="utf-8").split())
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    if not tokens:
        raise SettingsError(f"{path}: holds no token")
    return tokens
