"""The history of deployments: whatever happens when, it is right and nothing is read in vain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from exporter.deployment_history import ENDED, OVERLAP, Deployment, History, newest, parse

LOOKBACK = 10_000.0
GROUPS = ("one", "two")
OPEN = ("Created", "InProgress")


@dataclass
class Service:
    """CodeDeploy: deployments by id, each with its group, creation and status."""

    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)

    def create(self, group: str, at: float, status: str) -> None:
        """Add a deployment."""
        one = f"d-{len(self.deployments)}"
        self.deployments[one] = {
            "deploymentId": one,
            "deploymentGroupName": group,
            "createTime": datetime.fromtimestamp(at, UTC),
            "status": status,
        }

    def listed(self, start: float) -> list[str]:
        """Return the ids of what was created from ``start`` on."""
        return [
            one for one, info in self.deployments.items() if info["createTime"].timestamp() >= start
        ]

    def read(self, ids: list[str]) -> list[dict[str, Any]]:
        """Return deployments, remembering that they were read."""
        self.reads.extend(ids)
        return [self.deployments[one] for one in ids]


def owner(info: Mapping[str, Any]) -> str | None:
    """Return the group, where it is ours."""
    return info["deploymentGroupName"] if info["deploymentGroupName"] in GROUPS else None


def run(service: Service, documents: dict[str, Any], now: float) -> dict[str, Any]:
    """One run from documents to documents, through JSON as the state store has it."""
    groups = {key: documents.get(key) for key in GROUPS}
    history = History.of(groups, documents.get("listed", {}))
    start = history.list_from(now, LOOKBACK)
    asked = history.unread(service.listed(start))
    touched = history.learn(asked, service.read(asked), owner)
    touched |= history.settle(start, now, LOOKBACK)
    changed = {key: history.group_document(key) for key in touched}
    whole = {**documents, **changed, "listed": history.listed_document()}
    document: dict[str, Any] = json.loads(json.dumps(whole))
    return document


Event = tuple[float, str, str, bool]
EVENTS = st.lists(
    st.tuples(
        st.floats(1, 3000),
        st.sampled_from((*GROUPS, "foreign")),
        st.sampled_from((*ENDED, *OPEN)),
        st.booleans(),
    ),
    max_size=25,
)


@given(EVENTS)
def test_history_agrees_with_the_service(events: list[Event]) -> None:
    """Counts by group and status are the service's, and what ended was read once after its end."""
    service, documents, now = Service(), {}, 100_000.0
    documents = run(service, documents, now)
    for pause, group, status, ends in events:
        service.create(group, now + pause / 2, status)
        now += pause
        if ends:
            for info in service.deployments.values():
                info["status"] = info["status"] if info["status"] in ENDED else "Succeeded"
        documents = run(service, documents, now)
    for key in GROUPS:
        known = {one: Deployment(*values) for one, values in documents[key].items()}
        ours = {o: parse(i) for o, i in service.deployments.items() if owner(i) == key}
        recent = {one: d for one, d in ours.items() if d.created >= now - LOOKBACK}
        assert {one: d for one, d in known.items() if d.created >= now - LOOKBACK} == recent
        assert {d for d in known.values() if not d.ended} == {
            d for d in ours.values() if not d.ended
        }
        assert newest([*known.values()]) == newest([*ours.values()])
    before = len(service.reads)
    run(service, documents, now + 1)
    running = {o for o, i in service.deployments.items() if owner(i) and i["status"] in OPEN}
    assert set(service.reads[before:]) == running


def test_listing_overlaps_what_was_listed() -> None:
    """What is listed late, or dated by a clock that is behind, is still found."""
    service = Service()
    documents = run(service, {}, 100_000.0)
    service.create("one", 100_000.0 - OVERLAP + 1, "Succeeded")
    documents = run(service, documents, 100_001.0)
    assert list(documents["one"]) == ["d-0"]
