"""PromQL from metric specs: what is built parses, and what could never match is refused."""

from __future__ import annotations

from pathlib import Path

import promql_parser
import pytest

from alerts import packs, recording
from catalogue import promql
from catalogue.promql import both, increase, like, over, series, sum_by
from exporter.collectors import api_gateway, influxdb, lambda_functions
from inventory.load import load_inventory

INVENTORY = load_inventory(Path(__file__).parents[2] / "platform.yaml")


def test_selectors_read_as_written() -> None:
    """Matchers keep their order, and values are escaped."""
    selector = series(lambda_functions.ERRORS, {"function": 'a"b\\', "job": like("x", "y")})
    assert selector.text == ('dataplatform_lambda_errors_total{function="a\\"b\\\\", job=~"x|y"}')
    promql_parser.parse(selector.text)


def test_samples_of_a_family() -> None:
    """A histogram's buckets carry ``le``; a summary's sum does not carry ``quantile``."""
    buckets = series(influxdb.WRITE_LATENCY, sample="bucket")
    assert buckets.labels == {"bucket", "le", "job", "instance"}
    assert "quantile" not in series(api_gateway.LATENCY, sample="sum").labels


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: series(lambda_functions.ERRORS, {"functoin": "a"}), id="matcher"),
        pytest.param(lambda: series(lambda_functions.ERRORS, sample="sum"), id="sample"),
        pytest.param(lambda: sum_by(series(lambda_functions.ERRORS), "alias"), id="aggregation"),
        pytest.param(
            lambda: promql.ratio(
                promql.once(series(lambda_functions.ERRORS)),
                promql.once(series(api_gateway.REQUESTS)),
            ),
            id="join",
        ),
        pytest.param(
            lambda: both(
                series(lambda_functions.ERRORS), series(api_gateway.REQUESTS), on=("function",)
            ),
            id="join on",
        ),
        pytest.param(lambda: increase(series(lambda_functions.ERRORS), "5 m"), id="window"),
        pytest.param(
            lambda: promql.bucket_quantile(0.9, promql.once(series(influxdb.UP))), id="histogram"
        ),
    ],
)
def test_nonsense_is_refused(build: object) -> None:
    """A label, sample, window or join that does not exist raises while it is built."""
    assert callable(build)
    with pytest.raises(ValueError, match=r"label|sample|duration|differ"):
        build()


def test_operands_keep_together() -> None:
    """A compound operand is put into parentheses: the parsed tree is the one that was built."""
    errors = over("changes", series(lambda_functions.ERRORS), "1h")
    built = promql.times(promql.plus(errors, 1), 2)
    assert str(built) == "(changes(dataplatform_lambda_errors_total[1h]) + 1) * 2"
    tree = promql_parser.parse(built.text)
    assert isinstance(tree, promql_parser.BinaryExpr)
    assert str(tree.op) == "*"


def test_every_expression_parses() -> None:
    """Each alert and each recorded series is PromQL."""
    built = [rule.expr.text for rule in packs.rules(INVENTORY)]
    built += [expr.text for _, expr, _ in recording.recordings(INVENTORY)]
    for text in built:
        promql_parser.parse(text)
    assert len(built) > 60
