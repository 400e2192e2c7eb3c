"""Renders a data_visualization block as text."""

from typing import Any

Json = dict[str, Any]


def render_chart(block: Json) -> str:
    """Return the chart's title, its categories, then a line for each series or segment."""
    chart = block.get("chart") or {}
    if chart.get("type") == "pie":
        rows = [f"{segment['label']}: {segment['value']:g}" for segment in chart.get("segments") or []]
        return "\n".join([f"[pie] {block.get('title', '')}", *rows])
    names = (chart.get("axis_config") or {}).get("categories") or []
    rows = [_render_row(series) for series in chart.get("series") or []]
    return "\n".join([f"[{chart.get('type')}] {block.get('title', '')}", "  " + " | ".join(names), *rows])


def _render_row(series: Json) -> str:
    return f"  {series['name']}: " + " | ".join(f"{point['value']:g}" for point in series["data"])
