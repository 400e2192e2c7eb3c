"""Charts as values, as Slack's chart block, and as text.

https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def chart_block(chart: Chart, block_id: str) -> dict[str, Any]:
    """Return the chart as Slack's block, within its limits: long labels are cut, extra bars and series dropped."""
    labels = [_cut(name, LABEL_LIMIT) for name in chart.categories[:CATEGORIES_LIMIT]]
    return {
        "type": KIND,
        "block_id": block_id,
        "title": _cut(chart.title, TITLE_LIMIT),
        "chart": {
            "type": "bar",
            "series": [_format_series(series, labels) for series in chart.series[:SERIES_LIMIT]],
            "axis_config": {
                "categories": labels,
                "x_label": _cut(chart.x_label, AXIS_LIMIT),
                "y_label": _cut(chart.y_label, AXIS_LIMIT),
            },
        },
    }


def _format_series(series: Series, labels: list[str]) -> dict[str, Any]:
    points = [{"label": label, "value": value} for label, value in zip(labels, series.values, strict=False)]
    return {"name": _cut(series.name, LABEL_LIMIT), "data": points}


def parse_chart(block: Mapping[str, Any]) -> Chart:
    """Return the chart in a block built by `chart_block`."""
    chart, axes = block["chart"], block["chart"]["axis_config"]
    return Chart(
        block["title"],
        tuple(axes["categories"]),
        tuple(_parse_series(series) for series in chart["series"]),
        axes["x_label"],
        axes["y_label"],
    )


def _parse_series(series: Mapping[str, Any]) -> Series:
    return Series(series["name"], tuple(point["value"] for point in series["data"]))


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
