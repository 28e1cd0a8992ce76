"""Everything that is shown at one moment: the collectors' values and our own telemetry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from exporter import telemetry
from exporter.collector import Reason
from exporter.refresh import Status
from exporter.samples import Series
from exporter.tally import Bill
from inventory.limiter import Limited


def snapshot(
    statuses: Sequence[Status], bill: Bill, resets: int, version: str, ours: Iterable[Series] = ()
) -> dict[str, Sequence[Series]]:
    """Return every series by who says so; those of the readings are the readings' own objects."""
    parts: dict[str, Sequence[Series]] = {}
    for status in statuses:
        if status.reading is not None:
            parts[status.name] = status.reading.series
            parts[f"{status.name}/ages"] = status.ages
    own = [series for status in statuses for series in _collector(status)]
    own.extend(_bill(bill))
    own.extend(ours)
    own.append(Series(telemetry.STATE_RESETS, (), float(resets)))
    own.append(Series(telemetry.BUILD_INFO, ("exporter", version), 1.0))
    parts["vigia"] = tuple(own)
    return parts


def _collector(status: Status) -> Iterator[Series]:
    name = (status.name,)
    for reason in Reason:
        yield Series(
            telemetry.FAILURES, (status.name, reason.value), float(status.failures.get(reason, 0))
        )
    if status.up is None or status.duration is None:
        return
    yield Series(telemetry.COLLECTOR_UP, name, float(status.up))
    yield Series(telemetry.DURATION, name, status.duration)
    yield Series(telemetry.STALE, name, float(status.stale))
    if status.last_success is not None:
        yield Series(telemetry.LAST_SUCCESS, name, status.last_success)
    reading = status.reading
    if reading is None:
        return
    yield Series(
        telemetry.COVERAGE, name, reading.seen / reading.expected if reading.expected else 1.0
    )


def _bill(bill: Bill) -> Iterator[Series]:
    for labels, count in sorted(bill.requests.items()):
        yield Series(telemetry.AWS_REQUESTS, labels, float(count))
    yield Series(telemetry.AWS_BILLED, (), float(bill.billed_metrics))
    for service, usd in sorted(bill.usd_by_service.items()):
        yield Series(telemetry.AWS_COST, (service,), usd)


def limited(counts: Iterable[Limited]) -> Iterator[Series]:
    """Yield how often AWS throttled us, and how long we held calls back."""
    for one in counts:
        where = (one.account, one.region, one.service)
        yield Series(telemetry.AWS_THROTTLES, where, float(one.throttles))
        yield Series(telemetry.AWS_HELD, where, one.waited)
