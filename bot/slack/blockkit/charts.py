"""Charts as values, as Slack's chart block, and as text.

https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from msgspec import Struct

from bot.runtime.json_types import JsonObject
from bot.slack.blockkit.mrkdwn import strip_unseen

KIND = "data_visualization"
TITLE_LIMIT = 50
LABEL_LIMIT = 20
AXIS_LIMIT = 50
CATEGORIES_LIMIT = 20
SERIES_LIMIT = 6
CHARTS_LIMIT = 2
ALT_LIMIT = 1000


@dataclass(frozen=True)
class Series:
    """A series of a chart, with a value for each category."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Chart:
    """A bar chart of at most 20 categories and 6 series, stacked in the pictures we draw."""

    title: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    x_label: str
    y_label: str


class _Point(Struct):
    label: str
    value: float


class _NamedPoints(Struct):
    name: str
    data: list[_Point]


class _Axes(Struct):
    categories: list[str]
    x_label: str
    y_label: str


class _Bars(Struct, tag_field="type", tag="bar"):
    series: list[_NamedPoints]
    axis_config: _Axes


class _ChartBlock(Struct, tag_field="type", tag=KIND):
    """Slack's block with a chart."""

    block_id: str
    title: str
    chart: _Bars


def chart_block(chart: Chart, block_id: str) -> JsonObject:
    """Return the chart as Slack's block, within its limits: long labels are cut, extra bars and series dropped."""
    labels = [_cut(name, LABEL_LIMIT) for name in chart.categories[:CATEGORIES_LIMIT]]
    axes = _Axes(labels, _cut(chart.x_label, AXIS_LIMIT), _cut(chart.y_label, AXIS_LIMIT))
    bars = _Bars([_format_series(series, labels) for series in chart.series[:SERIES_LIMIT]], axes)
    block: JsonObject = msgspec.to_builtins(_ChartBlock(block_id, _cut(chart.title, TITLE_LIMIT), bars))
    return block


def _format_series(series: Series, labels: list[str]) -> _NamedPoints:
    points = [_Point(label, value) for label, value in zip(labels, series.values, strict=False)]
    return _NamedPoints(_cut(series.name, LABEL_LIMIT), points)


def parse_chart(block: JsonObject) -> Chart:
    """Return the chart in a block built by `chart_block`."""
    shown = msgspec.convert(block, _ChartBlock)
    axes = shown.chart.axis_config
    series = tuple(Series(each.name, tuple(point.value for point in each.data)) for each in shown.chart.series)
    return Chart(shown.title, tuple(axes.categories), series, axes.x_label, axes.y_label)


def describe_chart(chart: Chart) -> str:
    """Describe the chart for screen readers: `Bars: Builds per day. … Mon 2: 3 Passed. All others: 0.`."""
    columns = [
        f"{name}: {', '.join(f'{series.values[at]:g} {series.name}' for series in chart.series)}"
        for at, name in enumerate(chart.categories)
        if any(series.values[at] for series in chart.series)
    ]
    rest = ["All others: 0"] if len(columns) < len(chart.categories) else []
    text = ". ".join([f"Bars: {chart.title}", f"{chart.y_label} by {chart.x_label}", *columns, *rest]) + "."
    return _cut(text, ALT_LIMIT)


def _cut(text: str, limit: int) -> str:
    flat = " ".join(strip_unseen(text).split()) or "–"
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
