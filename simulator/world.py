"""Everything that a demo runs, started in order and stopped in reverse, nothing left behind."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import alerts.alertmanager
import alerts.generate
import alerts.prometheus
from inventory.load import load_inventory
from inventory.model import Inventory
from simulator.aws.server import CREDENTIALS, EmbeddedAws
from simulator.control import Control
from simulator.faults import Faults, Ground
from simulator.influxdb import InfluxStandIn
from simulator.layout import Addresses, Layout, choose_ports, url
from simulator.observe import Look, Observer
from simulator.people import People
from simulator.processes import Child, program, wait_for
from simulator.script import Scripts
from simulator.seed import seed
from simulator.sink import Sink
from simulator.workload import Workload
from web.security import bearer

_START_SECONDS = 60.0
_METRIC_LAG = 1.0


class World:
    """The embedded platform in this process, the programs as its children.

    ``tell`` is called with the name of each part as it starts.
    """

    def __init__(
        self, config: Path, root: Path, *, auto_ports: bool, tell: Callable[[str], None]
    ) -> None:
        self._config = config.resolve()
        self._layout = Layout.create(root.resolve())
        self._tell = tell
        self._stack = ExitStack()
        self._ports = choose_ports(auto=auto_ports)
        self.sink = Sink()
        self.inventory: Inventory
        self.addresses: Addresses
        self.aws: EmbeddedAws
        self.influxdb: InfluxStandIn
        self.workload: Workload
        self.faults: Faults
        self.people: People
        self.scripts: Scripts
        self.observer: Observer
        self.children: dict[str, Child] = {}

    @property
    def layout(self) -> Layout:
        """Return the state directory's layout."""
        return self._layout

    def start(self) -> None:
        """Start every part; on any error what was started is stopped.

        Raises:
            StartError: if a part does not become ready.
        """
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._platform()
            self._programs()
            undo.pop_all()

    def stop(self) -> None:
        """Stop every part, the last one first."""
        self._stack.close()

    def _platform(self) -> None:
        layout = self._layout
        influx_token = layout.write_secret(layout.influx_token)
        webhook_token = layout.write_secret(layout.webhook_token)
        control_token = layout.write_secret(layout.control_token)
        base = load_inventory(self._config)
        self._tell("InfluxDB")
        self.influxdb = InfluxStandIn(base.influxdb.bucket, influx_token, org=base.influxdb.org)
        self._stack.callback(self.influxdb.stop)
        self.influxdb.start()
        self._tell("AWS")
        self.aws = EmbeddedAws(base.aws.region, time.time)
        self._stack.callback(self.aws.stop)
        self.aws.metrics.lag = _METRIC_LAG
        self.aws.start()
        self.addresses = self._addresses()
        layout.write_overlay(self.addresses, base.apis)
        layout.write_manifest(self.addresses)
        self.inventory = load_inventory(self._config, layout.overlay)
        seed(self.aws, self.inventory, time.time)
        self.workload = Workload(
            self.aws,
            self.influxdb,
            self.inventory,
            time.time,
            random.Random(7),  # noqa: S311 traffic
        )
        self.observer = Observer(self.addresses, layout.webhook_token)
        self.faults = Faults(
            Ground(self.aws, self.influxdb, self.workload, self.inventory, self.children, time.time)
        )
        self.people = People(self.addresses.remediations, webhook_token, self.observer)
        self.scripts = Scripts(self.faults, self.people, time.time)
        control = Control(
            self.scripts,
            self.sink,
            bearer([control_token]),
            self.workload.is_well,
            self._ports["simulator"],
        )
        self._stack.callback(control.stop)
        control.start()
        self._stack.callback(self.workload.stop)
        self.workload.start()

    def look(self) -> Look:
        """Look at everything once, and let the scenarios under way take their next steps."""
        look = self.observer.look(self.sink)
        self.scripts.look(look)
        return look

    def _addresses(self) -> Addresses:
        ports = self._ports
        return Addresses(
            aws=self.aws.url,
            influxdb=self.influxdb.url,
            **{name: url(port) for name, port in ports.items()},
        )

    def _programs(self) -> None:
        for child in (
            self._alertmanager(),
            self._vigia("exporter", "/-/ready", "exporter"),
            self._vigia("remediations", "/-/ready", "remediations", "serve"),
            self._prometheus(),
        ):
            self._tell(child.name)
            self.children[child.name] = child
            self._stack.callback(child.stop)
            child.start()
        pause = threading.Event().wait
        for child in self.children.values():
            wait_for(child.name, child.is_ready, _START_SECONDS, pause)

    def _vigia(self, name: str, ready: str, *command: str) -> Child:
        layout = self._layout
        environment: Mapping[str, str] = {
            "VIGIA_CONFIG": str(self._config),
            "VIGIA_CONFIG_OVERLAY": str(layout.overlay),
            "VIGIA_STATE_DIR": str(layout.root / "state"),
            "VIGIA_AWS_ENDPOINT_URL": self.addresses.aws,
            "VIGIA_WEBHOOK_TOKEN_FILE": str(layout.webhook_token),
            "VIGIA_INFLUXDB_TOKEN_FILE": str(layout.influx_token),
            "VIGIA_REMEDIATIONS_INFLUXDB_TOKEN_FILE": str(layout.influx_token),
            # Who calls: the judge tells the programs' calls from those of people by it.
            "AWS_ACCESS_KEY_ID": name,
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        port = self._ports[name]
        return Child(
            name=name,
            command=(
                *(sys.executable, "-m", "vigia", "--log-level", "info", *command),
                *("--web.listen-address", f"127.0.0.1:{port}"),
            ),
            log=layout.log(name),
            ready_url=url(port) + ready,
            environment=environment,
        )

    def _prometheus(self) -> Child:
        layout = self._layout
        rules = []
        for path, text in alerts.generate.files(self.inventory).items():
            name = Path(path).name
            if name in ("recording.yml", "alerts.yml"):
                target = layout.root / "rules" / name
                target.write_text(text, encoding="utf-8")
                rules.append(str(target))
        config = layout.root / "prometheus.yml"
        config.write_text(
            alerts.prometheus.prometheus(self.inventory, rule_files=rules), encoding="utf-8"
        )
        port = self._ports["prometheus"]
        return Child(
            name="prometheus",
            command=(
                program("prometheus"),
                f"--config.file={config}",
                f"--storage.tsdb.path={layout.root / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--storage.tsdb.retention.time=2d",
                "--log.level=warn",
            ),
            log=layout.log("prometheus"),
            ready_url=url(port) + "/-/ready",
        )

    def _alertmanager(self) -> Child:
        layout = self._layout
        config = layout.root / "alertmanager.yml"
        config.write_text(
            alerts.alertmanager.alertmanager(
                self.inventory,
                credentials_file=str(layout.webhook_token),
                sink_url=f"{self.addresses.simulator}/sink",
            ),
            encoding="utf-8",
        )
        port = self._ports["alertmanager"]
        return Child(
            name="alertmanager",
            command=(
                program("prometheus-alertmanager", "alertmanager"),
                f"--config.file={config}",
                f"--storage.path={layout.root / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                "--log.level=warn",
            ),
            log=layout.log("alertmanager"),
            ready_url=url(port) + "/-/ready",
        )
