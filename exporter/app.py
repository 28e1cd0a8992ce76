"""The exporter's composition root."""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from exporter import collectors, telemetry
from exporter.collector import CollectError, Collector, Context, Reason
from exporter.custom import check_names
from exporter.exposition import Exposition, Rendering
from exporter.pages import View, create_pages
from exporter.refresh import Refresher, Status
from exporter.samples import Series
from exporter.schedule import Job, Schedule
from exporter.snapshot import snapshot
from exporter.state import open_state
from exporter.tally import Tally
from inventory.aws import AwsClients
from inventory.clock import Clock, SystemClock
from inventory.discover import discover
from inventory.load import InventoryError
from inventory.model import Inventory
from inventory.settings import Settings, SettingsError, read_tokens

_LOG = logging.getLogger(__name__)


def find_collectors() -> dict[str, Collector]:
    """Return every collector by its name."""
    return discover(collectors, "COLLECTOR")


class ExporterApp:
    """Every collector with its state, schedule and pages.

    Raises:
        InventoryError: if ``load`` finds the inventory unusable, or a metric it adds has a
            name that is taken.
        DatabaseError: if the state cannot be opened.
    """

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], Inventory],
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._load = load
        self._clock = clock or SystemClock()
        self._collectors = find_collectors()
        self._inventory = self._checked()
        self._tally = Tally()
        self._aws = self._clients()
        self._store = open_state(settings.database("exporter"), self._clock.now())
        self._exposition = Exposition(self._clock.now)
        self._version = importlib.metadata.version("vigia")
        self._refreshers = [
            Refresher(collector, self._current, self._context, self._clock, self._render)
            for collector in self._collectors.values()
        ]
        self._schedule = Schedule([*map(self._job, self._refreshers), self._tick()])
        self.wsgi = create_pages(
            View(
                rendering=lambda: self._exposition.current,
                statuses=self.statuses,
                cost=lambda: dict(self._tally.bill().usd_by_collector),
                reload=self.reload,
                now=self._clock.now,
                version=self._version,
            )
        )
        self._render()

    def start(self) -> None:
        """Begin to collect; every collector runs at once."""
        self._schedule.start()

    def stop(self) -> None:
        """Stop collecting; what is under way is committed whole or not at all."""
        for refresher in self._refreshers:
            refresher.stop()
        self._schedule.stop()
        self._store.close()

    def collect_once(self) -> dict[str, str]:
        """Run every collector once; return the reason of each that failed or ran out of time."""
        with ThreadPoolExecutor(len(self._refreshers)) as pool:
            for done in [pool.submit(refresher.run) for refresher in self._refreshers]:
                done.result()
        self._render()
        return {status.name: str(status.reason) for status in self.statuses() if status.reason}

    def exposition(self) -> str:
        """Return the metrics in text format, as of now."""
        return self._render().text.plain.decode()

    def statuses(self) -> list[Status]:
        """Return what is known of each collector."""
        return [refresher.status() for refresher in self._refreshers]

    def reload(self) -> list[str]:
        """Load the inventory anew; on problems keep the old one and return them, a line each."""
        try:
            inventory = self._checked()
        except InventoryError as error:
            return [str(problem) for problem in error.problems]
        except SettingsError as error:
            return [str(error)]
        moved = inventory.aws.region != self._inventory.aws.region
        self._inventory = inventory
        if moved:
            self._aws = self._clients()
        self._schedule.reschedule()
        self._render()
        _LOG.info("the inventory was reloaded")
        return []

    def _checked(self) -> Inventory:
        inventory = self._load()
        own = [spec for collector in self._collectors.values() for spec in collector.specs]
        check_names(inventory, (*own, *telemetry.SPECS))
        return inventory

    def _current(self) -> Inventory:
        return self._inventory

    def _clients(self) -> AwsClients:
        return AwsClients(
            self._inventory.aws.region, self._settings.aws_endpoint_url, self._tally.request
        )

    def _context(self, collector: Collector, remaining: Callable[[], float]) -> Context:
        return Context(
            inventory=self._inventory,
            client=self._aws.client,
            state=self._store.of(collector.name),
            now=self._clock.now,
            remaining=remaining,
            influx_token=self._influx_token,
            billed=partial(self._tally.billed, collector.name),
        )

    def _influx_token(self) -> str:
        file = self._settings.influxdb_token_file
        if file is None:
            raise CollectError(Reason.CREDENTIALS, "VIGIA_INFLUXDB_TOKEN_FILE is not set")
        try:
            return read_tokens(file)[0]
        except SettingsError as error:
            raise CollectError(Reason.CREDENTIALS, str(error)) from error

    def _series(self) -> tuple[Series, ...]:
        return snapshot(self.statuses(), self._tally.bill(), self._store.resets, self._version)

    def _render(self) -> Rendering:
        return self._exposition.render(self._series, self._inventory.locale)

    def _job(self, refresher: Refresher) -> Job:
        collector = refresher.collector
        return Job(
            collector.name,
            refresher.run,
            lambda: collector.every(self._inventory),
            lambda: collector.offset(self._inventory),
        )

    def _tick(self) -> Job:
        return Job("render", self._render, lambda: self._inventory.alerting.scrape_interval)
