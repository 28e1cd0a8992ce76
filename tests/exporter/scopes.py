"""Several accounts and regions on the one embedded AWS."""

from __future__ import annotations

from inventory.aws import AwsClients
from inventory.resources import Scope
from tests.exporter.support import Bench


def spread(bench: Bench, *scopes: tuple[str, str, str], home: str = "us-east-1") -> AwsClients:
    """Give the bench these scopes (name, account, region), its main account in ``home``.

    None has a role, so that all are read with the own credentials: the region is signed for, the
    account stands in the labels.
    """
    main = bench.inventory.aws.model_copy(update={"region": home})
    named = tuple(Scope(name=n, account=account, region=region) for n, account, region in scopes)
    bench.inventory = bench.inventory.model_copy(update={"aws": main, "scopes": named})
    count = bench.tally.request
    bench.aws = clients = AwsClients(main, bench.endpoint, count, timeout=5, scopes=named)
    return clients
