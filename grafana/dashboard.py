"""A dashboard as Grafana's JSON: layout, variables, threshold lines and links around it."""

from __future__ import annotations

import json
from typing import Any

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat
from grafana_foundation_sdk.builders import timeseries as lines
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models

from alerts import packs, windows
from alerts.documents import HEADER
from alerts.panels import dashboard_uid
from alerts.rule import EXPORTER_JOB, REMEDIATIONS_JOB, AlertRule, Severity
from catalogue.promql import UP, like, series
from catalogue.text import Locale
from catalogue.texts import dashboards as texts
from grafana.listing import BOARDS, BoardSpec
from grafana.marks import marks
from grafana.panel import Look, PanelSpec
from inventory.model import Inventory

WIDTH = 24
_HEIGHTS = {Look.STAT: 5, Look.LINES: 8, Look.BARS: 8}
_SOURCE = shapes.DataSourceRef(type_val="prometheus", uid="${datasource}")
_GREEN, _ORANGE, _RED = "green", "orange", "red"
_LOOKBACKS = 6
JOB_QUERY = f"label_values({series(UP, {'job': like(EXPORTER_JOB, REMEDIATIONS_JOB)})}, job)"
INSTANCE_QUERY = f"label_values({series(UP, {'job': like('$job')})}, instance)"

_Builder = stat.Panel | lines.Panel | bargauge.Panel


def dashboard_json(inventory: Inventory, spec: BoardSpec, locale: Locale) -> str:
    """Return a dashboard in ``locale`` as JSON that can be provisioned or imported."""
    rules = packs.rules(inventory)
    board = (
        dashboard.Dashboard(spec.texts.title.in_(locale))
        .uid(dashboard_uid(spec.board, locale))
        .description(f"{spec.texts.description.in_(locale)} {HEADER}")
        .tags(["vigia", locale])
        .readonly()
        .time(f"now-{windows.text(_LOOKBACKS * inventory.regression.lookback)}", "now")
        .refresh("30s")
        .timezone(inventory.timezone)
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .variables(
            [_datasource(), _variable("job", JOB_QUERY), _variable("instance", INSTANCE_QUERY)]
        )
        .annotations(_annotations(locale))
        .links([*_others(spec, locale), _link("Vigia", inventory.alerting.remediations_url)])
    )
    top = 0
    for row in spec.rows(inventory):
        width = WIDTH // len(row)
        height = max(_HEIGHTS[panel.look] for panel in row)
        for index, panel in enumerate(row):
            place = models.GridPos(h=height, w=width, x=index * width, y=top)
            board = board.with_panel(_panel(inventory, panel, rules, locale).grid_pos(place))
        top += height
    document = json.dumps(board.build(), cls=JSONEncoder, indent=2, ensure_ascii=False)
    return document + "\n"


def _datasource() -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _variable(name: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(name.title())
        .datasource(_SOURCE)
        .query(query)
        .definition(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
    )


def _annotations(locale: Locale) -> list[Builder[models.AnnotationQuery]]:
    queries = marks()
    moved, ended, window = (queries[name] for name in ("deployments", "runs", "maintenance"))
    return [
        _annotation(
            texts.DEPLOYMENTS.in_(locale), moved.text, "blue", "{{function}} {{alias}}"
        ).use_value_for_time(True),
        _annotation(texts.RUNS_ENDED.in_(locale), ended.text, "purple", "{{action}} {{outcome}}"),
        _annotation(
            texts.MAINTENANCE_WINDOW.in_(locale),
            window.text,
            "orange",
            texts.MAINTENANCE_WINDOW.in_(locale),
        ),
    ]


def _annotation(name: str, expr: str, color: str, title: str) -> dashboard.AnnotationQuery:
    return (
        dashboard.AnnotationQuery()
        .name(name)
        .datasource(_SOURCE)
        .enable(True)
        .icon_color(color)
        .expr(expr)
        .title_format(title)
    )


def _panel(
    inventory: Inventory, spec: PanelSpec, rules: tuple[AlertRule, ...], locale: Locale
) -> _Builder:
    mine = tuple(rule for rule in rules if rule.panel is spec.panel)
    title, description = spec.texts.title.in_(locale), spec.texts.description
    # Values arrive once a period: a shorter rate window would be empty between two of them.
    step = windows.text(windows.spanning(inventory, 0))
    builder: _Builder = (
        _drawn(spec)
        .id(spec.panel.value)
        .title(title)
        .description(description.format(locale, **spec.values))
        .datasource(_SOURCE)
        .unit(spec.unit)
        .no_value(texts.NONE.in_(locale))
        .interval(step)
        .thresholds(_thresholds(spec, mine))
        .links([_runbook(inventory, name, locale) for name in sorted({rule.name for rule in mine})])
    )
    for index, ask in enumerate(spec.asks):
        query = prometheus.Dataquery().expr(ask.expr.text).legend_format(ask.legend)
        query = query.ref_id(chr(ord("A") + index)).datasource(_SOURCE)
        builder = builder.with_target(query.range() if spec.look is Look.LINES else query.instant())
    return builder


def _drawn(spec: PanelSpec) -> _Builder:
    last = common.ReduceDataOptions().calcs(["lastNotNull"])
    if spec.look is Look.STAT:
        return stat.Panel().reduce_options(last)
    if spec.look is Look.BARS:
        return bargauge.Panel().reduce_options(last).orientation(shapes.VizOrientation.HORIZONTAL)
    dashed = common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.DASHED)
    legend = (
        common.VizLegendOptions()
        .display_mode(shapes.LegendDisplayMode.LIST)
        .placement(shapes.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    return lines.Panel().thresholds_style(dashed).legend(legend).fill_opacity(10)


def _thresholds(spec: PanelSpec, rules: tuple[AlertRule, ...]) -> dashboard.ThresholdsConfig:
    """Draw every rule's limit: orange for a ticket, red for a page, by height."""
    limits: dict[float, str] = {}
    for rule in rules:
        if rule.threshold is not None:
            # "red" sorts after "orange": where two rules share a limit, the page wins.
            color = _RED if rule.severity is Severity.PAGE else _ORANGE
            limits[rule.threshold] = max(color, limits.get(rule.threshold, color))
    steps = [(limit, limits[limit]) for limit in sorted(limits)]
    base = _GREEN
    if spec.worse_below and steps:
        base, steps = steps[-1][1], [(steps[-1][0], _GREEN)]
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps(
            [
                models.Threshold(value=None, color=base),
                *(models.Threshold(value=limit, color=color) for limit, color in steps),
            ]
        )
    )


def _runbook(inventory: Inventory, alert: str, locale: Locale) -> dashboard.DashboardLink:
    url = f"{inventory.alerting.runbook_base_url}/{alert}"
    return _link(texts.RUNBOOK.format(locale, alert=alert), url)


def _others(spec: BoardSpec, locale: Locale) -> list[dashboard.DashboardLink]:
    """Link the other dashboards, keeping the time and the choice of jobs."""
    return [
        _link(other.texts.title.in_(locale), f"/d/{dashboard_uid(other.board, locale)}")
        .target_blank(False)
        .keep_time(True)
        .include_vars(True)
        for other in BOARDS
        if other is not spec
    ]


def _link(title: str, url: str) -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink(title)
        .type(models.DashboardLinkType.LINK)
        .url(url)
        .target_blank(True)
    )


def document(inventory: Inventory, spec: BoardSpec, locale: Locale) -> dict[str, Any]:
    """Return a dashboard in ``locale`` as plain data."""
    parsed: dict[str, Any] = json.loads(dashboard_json(inventory, spec, locale))
    return parsed
