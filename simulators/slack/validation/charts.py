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
    chart, place = block["chart"], f"{at}/chart"
    if chart["type"] == "pie":
        _check_pie(found, chart, place)
    else:
        _check_axes(found, chart["axis_config"], f"{place}/axis_config")
        _check_series(found, chart, place)


def _check_count(found: BlockProblems, items: list[Any], name: str, at: str) -> None:
    least, most = (found.limits[f"{_PREFIX}{name}_{end}_items"] for end in ("min", "max"))
    found.check_count(items, at, least, most)


def _check_pie(found: BlockProblems, chart: Json, at: str) -> None:
    _check_count(found, chart["segments"], "segments", f"{at}/segments")
    for index, segment in enumerate(chart["segments"]):
        place = f"{at}/segments/{index}"
        found.check_string(segment, "label", place, f"{_PREFIX}segment_label_max_length")
        if segment["value"] <= 0:
            found.add("must be greater than 0", f"{place}/value")


def _check_axes(found: BlockProblems, axes: Json, at: str) -> None:
    _check_count(found, axes["categories"], "categories", f"{at}/categories")
    most = found.limits[f"{_PREFIX}category_label_max_length"]
    for index, name in enumerate(axes["categories"]):
        found.check_length(name, f"{at}/categories/{index}", most)
    for key in ("x_label", "y_label"):
        found.check_string(axes, key, at, f"{_PREFIX}axis_label_max_length")


def _check_series(found: BlockProblems, chart: Json, at: str) -> None:
    _check_count(found, chart["series"], "series", f"{at}/series")
    for index, series in enumerate(chart["series"]):
        place = f"{at}/series/{index}"
        found.check_string(series, "name", place, f"{_PREFIX}series_name_max_length")
        _check_count(found, series["data"], "data", f"{place}/data")
        for number, point in enumerate(series["data"]):
            _check_point(found, point, chart["axis_config"]["categories"], f"{place}/data/{number}")


def _check_point(found: BlockProblems, point: Json, names: list[str], at: str) -> None:
    found.check_string(point, "label", at, f"{_PREFIX}point_label_max_length")
    if point["label"] not in names:
        found.add("must be one of the categories", f"{at}/label")
