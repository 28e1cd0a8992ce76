"""The InfluxDB stand-in: what the official client writes is found again, and honestly timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from exporter.collectors.influxdb_server import parse
from simulator.influxdb import InfluxStandIn

BUCKET, TOKEN = "energy_data", "made-up-token"
OURS = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# No line protocol carries a line break in a name, nor a backslash at its end; and the stand-in
# speaks no quotes in a filter.
NAMES = st.text(
    st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters='"\\#_'), min_size=1
).filter(lambda name: name.strip() == name and " and " not in name and "|>" not in name)


@contextmanager
def connected(server: InfluxStandIn) -> Iterator[InfluxDBClient]:
    """Connect the official client."""
    with closing(InfluxDBClient(server.url, token=TOKEN, org="ons", timeout=5000)) as client:
        yield client


def newest(client: InfluxDBClient, measurement: str) -> list[tuple[str, object]]:
    """Return the fields and values of a measurement's newest points."""
    query = (
        f'from(bucket: "{BUCKET}") |> range(start: -1h)'
        f' |> filter(fn: (r) => r._measurement == "{measurement}") |> last()'
    )
    tables = client.query_api().query(query)
    return [(row.get_field(), row.get_value()) for table in tables for row in table.records]


@OURS
@given(measurement=NAMES, tag=NAMES, tag_value=NAMES, field=NAMES, number=st.integers(0, 10**9))
def test_what_is_written_is_found_again(
    influx: InfluxStandIn, measurement: str, tag: str, tag_value: str, field: str, number: int
) -> None:
    """Whatever names and tags a point has, the client's own encoding of it is understood."""
    with connected(influx) as client:
        point = Point.from_dict(
            {
                "measurement": measurement,
                "tags": {tag: tag_value},
                "fields": {field: number, f"{field}.text": 'a "b" c,d=e'},
                "time": time.time_ns(),
            }
        )
        client.write_api(write_options=SYNCHRONOUS).write(BUCKET, record=point)
        found = dict(newest(client, measurement))
    assert float(str(found[field])) == number
    assert found[f"{field}.text"] == 'a "b" c,d=e'


@pytest.mark.parametrize(
    "line", ["load", "load mw", "load mw=", 'load mw="x', "load mw=1 x", ",a=b c=1"]
)
def test_malformed_lines_are_refused_whole(influx: InfluxStandIn, line: str) -> None:
    """A body with a line that is no point is refused, and none of it is stored."""
    body = f"good mw=1\n{line}"
    with connected(influx) as client:
        with pytest.raises(ApiException) as caught:
            client.write_api(write_options=SYNCHRONOUS).write(BUCKET, record=body)
        assert caught.value.status == 400
        assert newest(client, "good") == []


@OURS
@given(steps=st.lists(st.sampled_from([204, 422, 500, 503, "query", "restart"]), max_size=15))
def test_metrics_count_what_was_answered(influx: InfluxStandIn, steps: list[int | str]) -> None:
    """Over any order of outcomes the histogram holds the 2xx and 5xx since the last restart."""
    influx.restart()
    writes = queries = 0
    for step in steps:
        influx.fail_writes = step if isinstance(step, int) and step != 204 else None
        if step == "restart":
            influx.restart()
            writes = queries = 0
        elif step == "query":
            with connected(influx) as client:
                newest(client, "load")
            queries += 1
        else:
            url = f"{influx.url}/api/v2/write?org=ons&bucket={BUCKET}"
            headers = {"Authorization": f"Token {TOKEN}"}
            answer = requests.post(url, b"load mw=1", headers=headers, timeout=5)
            assert answer.status_code == step
            writes += step != 422
    durations = parse(requests.get(f"{influx.url}/metrics", timeout=5).text).durations
    assert durations["/api/v2/write"].counts[-1] == writes
    assert durations["/api/v2/query"].counts[-1] == queries
