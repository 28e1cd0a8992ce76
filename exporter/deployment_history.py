"""What is known of CodeDeploy's deployments, so that each is read until it ends and never again.

Pure: no clock, no I/O. All times are unix seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

ENDED = ("Succeeded", "Failed", "Stopped")
# Clocks differ, and what was just created may be listed late.
OVERLAP = 600.0


@dataclass(frozen=True)
class Deployment:
    """One deployment; ``creator`` tells a user's from CodeDeploy's own."""

    created: float
    status: str
    started: float | None = None
    completed: float | None = None
    creator: str = "user"

    @property
    def ended(self) -> bool:
        """Whether its status is final."""
        return self.status in ENDED


def parse(info: Mapping[str, Any]) -> Deployment:
    """Read one ``deploymentInfo`` of BatchGetDeployments."""
    return Deployment(
        info["createTime"].timestamp(),
        info["status"],
        _seconds(info.get("startTime")),
        _seconds(info.get("completeTime")),
        info.get("creator", "user"),
    )


def parse_last(info: Mapping[str, Any]) -> Deployment | None:
    """Read a group's ``lastAttemptedDeployment``, which tells less; None if there never was one."""
    if "createTime" not in info or "status" not in info:
        return None
    ended = _seconds(info.get("endTime"))
    return Deployment(info["createTime"].timestamp(), info["status"], completed=ended)


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def newest(known: Sequence[Deployment]) -> Deployment | None:
    """Return the one created last."""
    return max(known, key=lambda deployment: deployment.created, default=None)


@dataclass
class History:
    """The deployments of one account and region, by group key and id.

    ``foreign`` are the ids, with their creation, of deployments that are nobody's here. ``since``
    is the earliest creation that was listed, ``until`` the latest, None before the first listing;
    ``fresh`` are the keys of groups that were never listed.
    """

    deployments: dict[str, dict[str, Deployment]]
    foreign: dict[str, float]
    since: float | None
    until: float | None
    fresh: frozenset[str]

    @classmethod
    def of(cls, groups: Mapping[str, Any], listed: Mapping[str, Any]) -> History:
        """Return the history that the documents of its groups and of its listing hold."""
        fresh = frozenset(key for key, document in groups.items() if document is None)
        # What was foreign before may belong to a group that is new in the inventory.
        kept = {} if fresh else listed
        return cls(
            {
                key: {one: Deployment(*values) for one, values in (document or {}).items()}
                for key, document in groups.items()
            },
            dict(kept.get("foreign", {})),
            kept.get("since"),
            kept.get("until"),
            fresh,
        )

    def group_document(self, key: str) -> dict[str, Any]:
        """Return a group's deployments as plain data."""
        return {one: astuple(deployment) for one, deployment in self.deployments[key].items()}

    def listed_document(self) -> dict[str, Any]:
        """Return what was listed as plain data."""
        return {"foreign": self.foreign, "since": self.since, "until": self.until}

    def list_from(self, now: float, lookback: float) -> float:
        """Return from which creation on deployments must be listed."""
        oldest = now - lookback
        if self.since is None or self.until is None or self.since > oldest:
            return oldest
        return min(self.until, now) - OVERLAP

    def unread(self, listed: Sequence[str]) -> list[str]:
        """Return which ids to read: those listed and unknown, and those that had not ended."""
        known = [(o, d) for group in self.deployments.values() for o, d in group.items()]
        settled = {one for one, deployment in known if deployment.ended} | self.foreign.keys()
        running = [one for one, deployment in known if not deployment.ended]
        return [one for one in dict.fromkeys([*listed, *running]) if one not in settled]

    def learn(
        self,
        asked: Sequence[str],
        infos: Sequence[Mapping[str, Any]],
        owner: Callable[[Mapping[str, Any]], str | None],
    ) -> set[str]:
        """Take in the answer to ``asked``; return the keys of the groups that changed.

        ``owner`` returns the key of a deployment's group, None for a foreign one. What CodeDeploy
        does not answer for any more runs no longer.
        """
        touched = set()
        forgotten = set(asked) - {info["deploymentId"] for info in infos}
        for key, known in self.deployments.items() if forgotten else ():
            for one in forgotten & known.keys():
                del known[one]
                touched.add(key)
        for info in infos:
            group = owner(info)
            if group is None:
                self.foreign[info["deploymentId"]] = info["createTime"].timestamp()
            else:
                self.deployments[group][info["deploymentId"]] = parse(info)
                touched.add(group)
        return touched

    def settle(self, start: float, now: float, lookback: float) -> set[str]:
        """End a listing that began at ``start`` and was read whole.

        What is too old to be counted or listed again is dropped, but for a group's newest. Returns
        the keys of the groups whose document changed.
        """
        first = start if self.since is None else min(start, self.since)
        self.since, self.until = max(first, now - lookback), now
        listed_again = self.list_from(now, lookback)
        self.foreign = {one: at for one, at in self.foreign.items() if at >= listed_again}
        touched = set(self.fresh)
        for key, known in self.deployments.items():
            last = newest([*known.values()])
            kept = {
                one: deployment
                for one, deployment in known.items()
                if not deployment.ended or deployment is last or deployment.created >= self.since
            }
            if len(kept) < len(known):
                self.deployments[key] = kept
                touched.add(key)
        return touched
