"""Turns a data_visualization block into words, a line for each category."""

from typing import Any

Json = dict[str, Any]


def chart_words(block: Json) -> str:
    """The chart as a table of words: its title, then a line for each category or segment."""
    chart = block.get("chart") or {}
    if chart.get("type") == "pie":
        rows = [f"{segment['label']}: {segment['value']:g}" for segment in chart.get("segments") or []]
        return "\n".join([f"[pie] {block.get('title', '')}", *rows])
    series = chart.get("series") or []
    names = (chart.get("axis_config") or {}).get("categories") or []
    return "\n".join([f"[{chart.get('type')}] {block.get('title', '')}", *(_row(name, series) for name in names)])


def _row(name: str, series: list[Json]) -> str:
    points = [(one["name"], point["value"]) for one in series for point in one["data"] if point["label"] == name]
    return f"  {name}: " + ", ".join(f"{value:g} {label}" for label, value in points)
