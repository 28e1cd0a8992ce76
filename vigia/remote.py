"""Asking a running remediation service."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import requests

from inventory.settings import Settings, read_tokens
from vigia import inventory_file
from vigia.exits import CommandError, Exit

_TIMEOUT = 10.0
_REFUSED = 400
# What was asked is malformed or too large; the ledger, or what a proxy stands before, is away.
_CODES = {400: Exit.USAGE, 413: Exit.USAGE, **dict.fromkeys((502, 503, 504), Exit.UNREACHABLE)}
_MISSING = 404


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--url`` and ``--token-file``."""
    inventory_file.add_option(parser)
    parser.add_argument("--url", help="of the service (default: the inventory's)")
    parser.add_argument(
        "--token-file", type=Path, help="its bearer token (default VIGIA_WEBHOOK_TOKEN_FILE)"
    )
    parser.add_argument("--ca-file", type=Path, help="the authority of its certificate")
    parser.add_argument("--client-cert", type=Path, help="a certificate to show, with --client-key")
    parser.add_argument("--client-key", type=Path, help="the certificate's key")


class Remote:
    """The service's API, with errors as one line and an exit code."""

    def __init__(self, args: argparse.Namespace, settings: Settings) -> None:
        token_file = args.token_file or settings.webhook_token_file
        if (args.client_cert is None) != (args.client_key is None):
            raise CommandError(Exit.USAGE, "--client-cert and --client-key need each other")
        if token_file is None and args.client_cert is None:
            raise CommandError(Exit.USAGE, "give --token-file or set VIGIA_WEBHOOK_TOKEN_FILE")
        for file in (args.ca_file, args.client_cert, args.client_key):
            if file is not None and not file.is_file():
                raise CommandError(Exit.USAGE, f"{file}: there is no such file")
        self._options: dict[str, Any] = {}
        if token_file is not None:
            token = f"Bearer {read_tokens(token_file)[0]}".encode()
            self._options["headers"] = {"Authorization": token}
        if args.client_cert is not None:
            self._options["cert"] = (str(args.client_cert), str(args.client_key))
        if args.ca_file is not None:
            self._options["verify"] = str(args.ca_file)
        url = args.url or inventory_file.load(args, settings).alerting.remediations_url
        self._url = str(url).rstrip("/")

    def get(self, path: str, **params: str) -> Any:
        """Return the JSON answer of a GET."""
        return self._ask("GET", path, params=params)

    def post(self, path: str, document: dict[str, Any], *, missing: Exit = Exit.UNHEALTHY) -> Any:
        """Return the JSON answer of a POST; ``missing`` is the exit code where nothing is there."""
        return self._ask("POST", path, missing, json=document)

    def _ask(self, method: str, path: str, missing: Exit = Exit.UNHEALTHY, **options: Any) -> Any:
        try:
            answer = requests.request(
                method, self._url + path, timeout=_TIMEOUT, **self._options, **options
            )
            document = answer.json()
        except requests.JSONDecodeError as error:
            raise CommandError(Exit.UNREACHABLE, f"{self._url} does not speak our API") from error
        except requests.RequestException as error:
            raise CommandError(Exit.UNREACHABLE, f"{self._url} does not answer") from error
        if answer.status_code >= _REFUSED:
            known = {**_CODES, _MISSING: missing}
            code = known.get(answer.status_code, Exit.UNHEALTHY)
            raise CommandError(code, str(document.get("error", answer.status_code)))
        return document
