"""What a collection sends, told by the exporter's own tally, and why one fails."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from exporter.collector import CollectError, Collector, Context, Reason
from exporter.failures import classify
from inventory.aws import AwsClients
from inventory.model import Inventory
from inventory.resources import Scope
from tests.exporter.support import Bench

Calls = dict[tuple[str, str], float]
WEST = Scope(name="west", account="123456789012", region="us-west-2")


def sent(bench: Bench, name: str) -> Calls:
    """Run a collector; return its HTTP requests by service and operation."""
    before = _requests(bench)
    bench.reading(name)
    return dict(_requests(bench) - before)


def announced(collector: Collector, inventory: Inventory) -> Calls:
    """Return the calls that a collector says one run sends; what it does not send is left out."""
    uses = collector.uses(inventory)
    return {(use.service, use.operation): use.calls for use in uses if use.calls}


def reason(bench: Bench, name: str) -> Reason:
    """Run a collector that must fail; return why, as the wrapper would have it."""
    with pytest.raises((ClientError, CollectError)) as failed:
        bench.reading(name)
    known = classify(failed.value)
    assert known is not None
    return known[0]


def in_two_regions(bench: Bench, name: str) -> tuple[Context, AwsClients]:
    """Return a context in which the scope ``west`` is another region, and that region's clients."""
    main, count = bench.inventory.aws, bench.tally.request
    both = AwsClients(main, bench.endpoint, count, timeout=5, scopes=(WEST,))
    return replace(bench.context(name), client=both.client), AwsClients(WEST, bench.endpoint, count)


def _requests(bench: Bench) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for (service, operation, _code), count in bench.tally.bill().requests.items():
        found[service, operation] += count
    return found
