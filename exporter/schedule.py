"""When collectors run: on their own cadence, aligned to the period plus its lag."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

_JITTER_SHARE = 0.02
_MOST_JITTER = 5.0


@dataclass(frozen=True)
class Job:
    """Something to run at multiples of ``every`` plus ``offset``, seconds asked for each time."""

    name: str
    run: Callable[[], object]
    every: Callable[[], float]
    offset: Callable[[], float] = lambda: 0.0


class Aligned(BaseTrigger):  # type: ignore[misc]  # APScheduler publishes no types
    """Fires at multiples of ``every`` plus ``offset``, each a little late at random."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        """Return the next time after ``now``."""
        every = self._job.every()
        late = random.uniform(0, min(_MOST_JITTER, every * _JITTER_SHARE))  # noqa: S311 spreads load
        at = next_aligned(now.timestamp(), every, self._job.offset())
        return datetime.fromtimestamp(at + late, UTC)


def next_aligned(now: float, every: float, offset: float) -> float:
    """Return the first multiple of ``every`` plus ``offset`` after ``now`` (unix seconds)."""
    at = (math.floor((now - offset) / every) + 1) * every + offset
    # Rounding may land on ``now`` itself, which would fire twice.
    return at if at > now else at + every


class Schedule:
    """A background scheduler of jobs: each runs at once when started, never twice at a time."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            # A waiting job must never keep another from starting.
            executors={"default": ThreadPoolExecutor(len(jobs) + 1)},
            job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Start; every job runs at once and then on its cadence."""
        for job in self._jobs:
            self._scheduler.add_job(
                job.run, Aligned(job), id=job.name, next_run_time=datetime.now(UTC)
            )
        self._scheduler.start()

    def reschedule(self, names: Collection[str] | None = None) -> None:
        """Work out anew when jobs are next due, as their cadence changed; None means every job."""
        if self._scheduler.running:
            for job in self._jobs:
                if names is None or job.name in names:
                    self._scheduler.reschedule_job(job.name, trigger=Aligned(job))

    def stop(self) -> None:
        """Let nothing begin any more, and wait for what runs."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
