"""Several accounts and regions on the one embedded AWS."""

from __future__ import annotations

from typing import Any

from inventory.aws import AwsClients
from inventory.resources import Scope
from tests.exporter.support import Bench


class Scoped:
    """Clients by scope; the scope's region is signed for, its account stands in the labels."""

    def __init__(self, bench: Bench) -> None:
        inventory = bench.inventory
        self._clients = {
            name: AwsClients(
                inventory.scope(name).region, bench.endpoint, bench.tally.request, timeout=5
            )
            for name in (None, *(scope.name for scope in inventory.scopes))
        }

    def client(self, service: str, scope: str | None = None, *, region: str | None = None) -> Any:
        """Return the client of ``service`` in a scope."""
        return self._clients[scope].client(service, region=region)


def spread(bench: Bench, *scopes: tuple[str, str, str], home: str = "us-east-1") -> Scoped:
    """Give the bench these scopes (name, account, region), its main account in ``home``."""
    main = bench.inventory.aws.model_copy(update={"region": home})
    named = tuple(Scope(name=n, account=account, region=region) for n, account, region in scopes)
    bench.inventory = bench.inventory.model_copy(update={"aws": main, "scopes": named})
    bench.aws = clients = Scoped(bench)  # type: ignore[assignment]
    return clients
