"""Credentials of the process and of the roles it assumes: found when first needed, and renewed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import botocore.credentials
from botocore.exceptions import CredentialRetrievalError, NoCredentialsError
from botocore.session import Session

SESSION_NAME = "vigia"
_RENEW_AFTER = 15.0


class Credentials:
    """What signs requests, as botocore expects it of a session.

    ``load`` finds credentials, which may refresh themselves. After AWS refused them they are found
    anew: a file may have been rewritten, or a role's session revoked. ``patience()`` is how many
    seconds a caller can wait for another thread that is finding them.
    """

    method = "vigia"

    def __init__(
        self,
        load: Callable[[], Any],
        patience: Callable[[], float],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._patience = patience
        self._now = now
        self._found: Any = None
        self._found_at = 0.0
        self._lock = threading.Lock()

    def get_frozen_credentials(self) -> Any:
        """Return the key, secret and token to sign one request with.

        Raises:
            NoCredentialsError: if there are none.
            CredentialRetrievalError: if another thread has been looking for them for too long.
            ClientError: if the role is refused.
        """
        return self._current().get_frozen_credentials()

    def get_deferred_property(self, name: str) -> Callable[[], Any]:
        """Return a function that tells one property; nothing is looked for before it is called."""
        return lambda: getattr(self.get_frozen_credentials(), name, None)

    def refused(self) -> None:
        """Look for credentials anew, unless these were found a moment ago."""
        if self._now() - self._found_at >= _RENEW_AFTER:
            self._found = None

    def _current(self) -> Any:
        found = self._found
        if found is not None:
            return found
        if not self._lock.acquire(timeout=max(0.0, self._patience())):
            raise CredentialRetrievalError(
                provider=self.method, error_msg="no time left to wait for them"
            )
        try:
            if self._found is None:
                self._found_at = self._now()
                found = self._load()
                if found is None:
                    raise NoCredentialsError
                self._found = found
            return self._found
        finally:
            self._lock.release()


class Given(botocore.credentials.CredentialProvider):
    """A botocore provider of credentials that are known already."""

    METHOD = "vigia"

    def __init__(self, found: Any) -> None:
        super().__init__()
        self._found = found

    def load(self) -> Any:
        """Return them."""
        return self._found


def of_process(session: Session) -> Any:
    """Find the process's own credentials as botocore does; None where there are none."""
    return botocore.credentials.create_credential_resolver(session).load_credentials()


def of_role(
    create_client: Callable[..., Any], source: Credentials, role_arn: str, external_id: str | None
) -> Any:
    """Assume a role with ``source``; what is returned assumes it again before it expires.

    ``create_client`` makes the STS client, as botocore's ``Session.create_client`` does.

    Raises:
        ClientError: if the role is refused.
    """
    extra = {"RoleSessionName": SESSION_NAME}
    if external_id is not None:
        extra["ExternalId"] = external_id
    fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
        create_client, source, role_arn, extra_args=extra
    )
    # Assumed at once rather than deferred: botocore logs a traceback when a deferred one fails.
    return botocore.credentials.RefreshableCredentials.create_from_metadata(
        fetcher.fetch_credentials(), fetcher.fetch_credentials, "assume-role"
    )
