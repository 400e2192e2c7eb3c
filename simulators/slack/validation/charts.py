"""Checks data_visualization blocks as Slack does.

https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
"""

from typing import Any

from simulators.slack.validation.problems import BlockProblems

Json = dict[str, Any]
_PREFIX = "data_visualization_"


def check_chart(found: BlockProblems, block: Json, at: str) -> None:
    """Check a pie of segments, or bars, lines or areas of series over categories."""
    found.check_string(block, "title", at, f"{_PREFIX}title_max_length")
    chart = block.get("chart")
    kind = chart.get("type") if isinstance(chart, dict) else None
    if not isinstance(chart, dict) or kind not in ("pie", "bar", "line", "area"):
        found.add("failed to match all allowed schemas", f"{at}/chart")
    elif kind == "pie":
        _check_pie(found, chart, f"{at}/chart")
    else:
        _check_axes(found, chart.get("axis_config"), f"{at}/chart/axis_config")
        _check_series(found, chart, f"{at}/chart")


def _check_list(found: BlockProblems, items: Any, name: str, at: str) -> list[Json]:
    least, most = (found.limits[f"{_PREFIX}{name}_{end}_items"] for end in ("min", "max"))
    found.check_count(items, at, least, most)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _check_pie(found: BlockProblems, chart: Json, at: str) -> None:
    for index, segment in enumerate(_check_list(found, chart.get("segments"), "segments", f"{at}/segments")):
        place = f"{at}/segments/{index}"
        found.check_string(segment, "label", place, f"{_PREFIX}segment_label_max_length")
        if not _is_number(segment.get("value")) or segment["value"] <= 0:
            found.add("must be greater than 0", f"{place}/value")


def _check_axes(found: BlockProblems, axes: Any, at: str) -> None:
    if not isinstance(axes, dict):
        found.add("missing required field: axis_config", at.rsplit("/", 1)[0])
        return
    names = axes.get("categories")
    most = found.limits[f"{_PREFIX}categories_max_items"]
    found.check_count(names, f"{at}/categories", found.limits[f"{_PREFIX}categories_min_items"], most)
    for index, name in enumerate(names if isinstance(names, list) else []):
        found.check_string(
            {"category": name}, "category", f"{at}/categories/{index}", f"{_PREFIX}category_label_max_length"
        )
    for key in ("x_label", "y_label"):
        found.check_string(axes, key, at, f"{_PREFIX}axis_label_max_length", required=False)


def _check_series(found: BlockProblems, chart: Json, at: str) -> None:
    names = (chart.get("axis_config") or {}).get("categories") or []
    for index, series in enumerate(_check_list(found, chart.get("series"), "series", f"{at}/series")):
        place = f"{at}/series/{index}"
        found.check_string(series, "name", place, f"{_PREFIX}series_name_max_length")
        for number, point in enumerate(_check_list(found, series.get("data"), "data", f"{place}/data")):
            _check_point(found, point, names, f"{place}/data/{number}")


def _check_point(found: BlockProblems, point: Json, names: list[Any], at: str) -> None:
    found.check_string(point, "label", at, f"{_PREFIX}point_label_max_length")
    if point.get("label") not in names:
        found.add("must be one of the categories", f"{at}/label")
    if not _is_number(point.get("value")):
        found.add("must be a number", f"{at}/value")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
