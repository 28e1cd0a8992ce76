"""The exporter's composition root."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial

from exporter import collectors, telemetry
from exporter.budget import Budget
from exporter.cap import stretched
from exporter.collector import Clients, CollectError, Collector, Context, Reason
from exporter.custom import check_names
from exporter.exposition import Exposition, Parts, Rendering
from exporter.pages import View, create_pages
from exporter.plan import items, monthly_usd
from exporter.refresh import Refresher, Status
from exporter.samples import Series
from exporter.schedule import Job, Schedule
from exporter.scopes import Scopes
from exporter.shards import Shard
from exporter.snapshot import limited, snapshot
from exporter.spending import Spending
from exporter.state import open_state
from exporter.tally import Tally
from inventory.aws import AwsClients
from inventory.clock import Clock, SystemClock
from inventory.discover import discover
from inventory.limiter import Limits
from inventory.load import InventoryError
from inventory.model import Inventory
from inventory.settings import Settings, SettingsError, read_tokens
from inventory.version import VERSION

_LOG = logging.getLogger(__name__)


def find_collectors() -> dict[str, Collector]:
    """Return every collector by its name."""
    return discover(collectors, "COLLECTOR")


class ExporterApp:
    """Every collector of a shard with its state, schedule and pages.

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
        shard: Shard | None = None,
    ) -> None:
        self._settings = settings
        self._load = load
        self._clock = clock or SystemClock()
        self._shard = shard or Shard()
        self._collectors = find_collectors()
        self._inventory = self._checked()
        self._view = self._shard.view(self._inventory)
        self._tally = Tally()
        self._limits = Limits()
        self._aws = self._clients()
        self._store = open_state(settings.database("exporter"), self._clock.now())
        self._spending = Spending(self._store.engine, self._shard, self._clock.now)
        self._budget = Budget(self._spending, self._clock.now)
        self._load_budget(self._inventory)
        self._exposition = Exposition(self._clock.now)
        self._version = VERSION
        self._scopes = Scopes(self._clock)
        self._refreshers = [
            Refresher(
                self._scopes.contained(collector),
                partial(self._inventory_of, collector),
                self._context,
                self._clock,
                self._ran,
            )
            for collector in self._collectors.values()
            if self._shard.runs(collector)
        ]
        self._schedule = Schedule([*map(self._job, self._refreshers), self._tick()])
        self.wsgi = create_pages(
            View(
                rendering=lambda: self._exposition.current,
                statuses=self.statuses,
                cost=lambda: dict(self._tally.bill().usd_by_collector),
                cadences=self._budget.cadences,
                budget=self._budget.summary,
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
        self._spending.keep()
        self._store.close()

    def collect_once(self, done: Callable[[str], object] = lambda _: None) -> dict[str, str]:
        """Run every collector once, telling ``done`` the name of each as it ends.

        Returns the reason of each that failed or ran out of time.
        """
        with ThreadPoolExecutor(len(self._refreshers)) as pool:
            running = {pool.submit(one.run): one.collector.name for one in self._refreshers}
            for ended in as_completed(running):
                ended.result()
                done(running[ended])
        self._budget.review()
        self._render()
        return {status.name: str(status.reason) for status in self.statuses() if status.reason}

    @property
    def clients(self) -> Clients:
        """Where the collectors get their boto3 clients."""
        return self._aws.client

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
        known = (self._inventory.aws, self._inventory.scopes)
        self._inventory, self._view = inventory, self._shard.view(inventory)
        self._load_budget(inventory)
        if (inventory.aws, inventory.scopes) != known:
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

    def _inventory_of(self, collector: Collector) -> Inventory:
        return self._view if collector.splits else self._inventory

    def _load_budget(self, inventory: Inventory) -> None:
        mine = [one for one in self._collectors.values() if self._shard.runs(one)]
        share = 1.0
        if self._shard.count > 1:
            whole = monthly_usd(self._collectors.values(), lambda _: inventory)
            share = (
                monthly_usd(mine, self._inventory_of) / whole if whole else 1 / self._shard.count
            )
        spenders = [item.spender for item in items(mine, self._inventory_of)]
        self._budget.load(spenders, inventory.collection.cost_budget_monthly_usd, share)

    def _clients(self) -> AwsClients:
        return AwsClients(
            self._inventory.aws,
            self._settings.aws_endpoint_url,
            self._tally.request,
            scopes=self._inventory.scopes,
            limits=self._limits,
        )

    def _context(self, collector: Collector, remaining: Callable[[], float]) -> Context:
        return Context(
            inventory=stretched(self._inventory_of(collector), self._budget.factor(collector.name)),
            client=partial(self._aws.client, remaining=remaining),
            state=self._store.of(self._shard.documents(collector.name)),
            now=self._clock.now,
            remaining=remaining,
            influx_token=self._influx_token,
            billed=partial(self._billed, collector.name),
        )

    def _billed(self, collector: str, service: str, units: int, usd: float) -> None:
        self._tally.billed(collector, service, units, usd)
        self._spending.add(usd)

    def _influx_token(self) -> str:
        file = self._settings.influxdb_token_file
        if file is None:
            raise CollectError(Reason.CREDENTIALS, "VIGIA_INFLUXDB_TOKEN_FILE is not set")
        try:
            return read_tokens(file)[0]
        except SettingsError as error:
            raise CollectError(Reason.CREDENTIALS, str(error)) from error

    def _parts(self) -> Parts:
        shard = (str(self._shard.index), str(self._shard.count))
        own = (
            Series(telemetry.SHARD_INFO, shard, 1.0),
            *self._budget.series(),
            *limited(self._limits.counts()),
            *self._scopes.series(self._inventory),
        )
        return snapshot(self.statuses(), self._tally.bill(), self._store.resets, self._version, own)

    def _render(self) -> Rendering:
        return self._exposition.render(self._parts, self._inventory.locale)

    def _ran(self) -> None:
        self._spending.keep()
        self._render()

    def _job(self, refresher: Refresher) -> Job:
        collector = refresher.collector
        return Job(
            collector.name,
            refresher.run,
            lambda: (
                collector.every(self._inventory_of(collector)) * self._budget.factor(collector.name)
            ),
            lambda: collector.offset(self._inventory_of(collector)),
        )

    def _tick(self) -> Job:
        return Job("render", self._turn, lambda: self._inventory.alerting.scrape_interval)

    def _turn(self) -> None:
        changed = self._budget.review()
        if changed:
            self._schedule.reschedule(changed)
        self._render()
