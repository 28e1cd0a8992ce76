"""The web configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.config import WebConfig
from web.errors import WebError

HASH = "$2y$04$" + "a" * 53


def write(tmp_path: Path, text: str) -> Path:
    """Return a configuration file that holds ``text``."""
    path = tmp_path / "web.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_supported_key_is_read(tmp_path: Path) -> None:
    """TLS and users arrive as written, with paths relative to the file's directory."""
    path = write(
        tmp_path,
        f"""
tls_server_config:
  cert_file: a.crt
  key_file: /etc/a.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  min_version: TLS13
basic_auth_users:
  prometheus: {HASH}
""",
    )
    config = WebConfig.read(path)
    assert config.users == {"prometheus": HASH}
    assert config.tls is not None
    assert config.tls.files == (tmp_path / "a.crt", Path("/etc/a.key"), tmp_path / "ca.crt")
    assert config.tls.min_version == "TLS13"
    assert config.tls.client_auth_type == "RequireAndVerifyClientCert"


@pytest.mark.parametrize("text", ["", "basic_auth_users:\n"])
def test_an_empty_file_asks_for_nothing(tmp_path: Path, text: str) -> None:
    """No TLS and no users, as in exporter-toolkit."""
    assert WebConfig.read(write(tmp_path, text)) == WebConfig()


TLS = "tls_server_config: {cert_file: c, key_file: k"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http_server_config: {}", "http_server_config: unknown key"),
        ("[]", "the file: "),
        ("tls_server_config: {cert_file: c}", "tls_server_config.key_file: is missing"),
        (TLS + ", cipher_suites: []}", "tls_server_config.cipher_suites: unknown key"),
        (TLS + ", min_version: TLS10}", "tls_server_config.min_version: "),
        (TLS + ", client_auth_type: RequestClientCert}", "tls_server_config.client_auth_type: "),
        (TLS + ", client_auth_type: RequireAndVerifyClientCert}", "client_ca_file need each"),
        (TLS + ", client_ca_file: x}", "client_ca_file need each other"),
        ("basic_auth_users: {a: plain-secret}", "the password of 'a' is not a bcrypt hash"),
        ("basic_auth_users: {'a:b': " + HASH + "}", "'a:b' cannot be the name of a user"),
        ("basic_auth_users: {a: 'plain-secret", "line 1: "),
    ],
)
def test_what_is_not_understood_is_refused_in_one_line(
    tmp_path: Path, text: str, expected: str
) -> None:
    """The line names the file and the key, and never quotes a password."""
    path = write(tmp_path, text)
    with pytest.raises(WebError) as caught:
        WebConfig.read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert expected in message
    assert "\n" not in message
    assert "plain-secret" not in message


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file and one that is not text are one-line errors."""
    with pytest.raises(WebError, match="No such file"):
        WebConfig.read(tmp_path / "none.yml")
    (tmp_path / "web.yml").write_bytes(b"\xff\xfe")
    with pytest.raises(WebError, match="not UTF-8"):
        WebConfig.read(tmp_path / "web.yml")
