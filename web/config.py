"""The web configuration file, in the form of Prometheus' exporter-toolkit.

What it cannot honour is refused: a key that were ignored would leave a door open in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from web.errors import WebError

_BCRYPT = re.compile(r"^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$")
_TEXTS = {"extra_forbidden": "unknown key", "missing": "is missing"}

Version = Literal["TLS12", "TLS13"]
ClientAuth = Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TlsServerConfig(_Section):
    """``tls_server_config``; relative paths start at the directory of the file."""

    cert_file: Path
    key_file: Path
    client_auth_type: ClientAuth = "NoClientCert"
    client_ca_file: Path | None = None
    min_version: Version = "TLS12"

    @model_validator(mode="after")
    def _client_certificates(self) -> TlsServerConfig:
        if (self.client_auth_type == "NoClientCert") != (self.client_ca_file is None):
            raise ValueError("client_auth_type and client_ca_file need each other")
        return self

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that the section names."""
        named = (self.cert_file, self.key_file, self.client_ca_file)
        return tuple(path for path in named if path is not None)


class _Document(_Section):
    tls_server_config: TlsServerConfig | None = None
    basic_auth_users: dict[str, str] = {}

    @field_validator("basic_auth_users", mode="before")
    @classmethod
    def _users(cls, value: object) -> object:
        return {} if value is None else value

    @field_validator("basic_auth_users")
    @classmethod
    def _hashes(cls, users: dict[str, str]) -> dict[str, str]:
        for name, stored in users.items():
            if not name or ":" in name:
                raise ValueError(f"'{name}' cannot be the name of a user")
            if not _BCRYPT.match(stored):
                raise ValueError(f"the password of '{name}' is not a bcrypt hash")
        return users


@dataclass(frozen=True)
class WebConfig:
    """TLS, where it is asked for, and bcrypt hashes by user; nobody is asked where it is empty."""

    tls: TlsServerConfig | None = None
    users: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> WebConfig:
        """Return what the file at ``path`` says.

        Raises:
            WebError: if it cannot be read, or holds what is not understood.
        """
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise WebError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise WebError(f"{path}: is not UTF-8 text") from error
        except yaml.YAMLError as error:
            raise WebError(f"{path}: {_yaml_problem(error)}") from error
        try:
            document = _Document.model_validate({} if data is None else data)
        except ValidationError as error:
            raise WebError(f"{path}: {_problems(error)}") from error
        return cls(_resolved(document.tls_server_config, path.parent), document.basic_auth_users)


def _resolved(tls: TlsServerConfig | None, directory: Path) -> TlsServerConfig | None:
    if tls is None:
        return None
    ca_file = tls.client_ca_file
    return tls.model_copy(
        update={
            "cert_file": directory / tls.cert_file,
            "key_file": directory / tls.key_file,
            "client_ca_file": None if ca_file is None else directory / ca_file,
        }
    )


def _yaml_problem(error: yaml.YAMLError) -> str:
    # Not the error's own text: it quotes the lines around, which may hold a secret.
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return "is not YAML"


def _problems(error: ValidationError) -> str:
    lines = []
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        path = ".".join(map(str, found["loc"])) or "the file"
        message = _TEXTS.get(found["type"], found["msg"].removeprefix("Value error, "))
        lines.append(f"{path}: {message}")
    return "; ".join(lines)
