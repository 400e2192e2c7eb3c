"""Charts are checked against Slack's limits, rendered as text, and refused by workspaces without them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from simulators.slack.api.arguments import Arguments
from simulators.slack.api.message_content import read_content
from simulators.slack.errors import ApiError
from simulators.slack.sim import SlackSim
from simulators.slack.validation.blocks import check_blocks
from simulators.slack.visible_text import render_plain

BARS: dict[str, Any] = {
    "type": "data_visualization",
    "title": "Builds",
    "chart": {
        "type": "bar",
        "series": [{"name": "Passed", "data": [{"label": "Mon", "value": 3}, {"label": "Tue", "value": 0.5}]}],
        "axis_config": {"categories": ["Mon", "Tue"], "x_label": "Day", "y_label": "Builds"},
    },
}
PIE = {
    "type": "data_visualization",
    "title": "Ends",
    "chart": {"type": "pie", "segments": [{"label": "a", "value": 2}]},
}
WRONG: dict[str, tuple[dict[str, Any], tuple[Any, ...], Any, str]] = {
    "long title": (BARS, ("title",), "x" * 51, "/title"),
    "no such chart": (BARS, ("chart", "type"), "radar", "/chart"),
    "no axes": (BARS, ("chart", "axis_config"), None, "/chart"),
    "long category": (
        BARS,
        ("chart", "axis_config", "categories", 0),
        "x" * 21,
        "/chart/axis_config/categories/0",
    ),
    "no categories": (BARS, ("chart", "axis_config", "categories"), [], "/chart/axis_config/categories"),
    "long axis": (BARS, ("chart", "axis_config", "x_label"), "x" * 51, "/chart/axis_config/x_label"),
    "no series": (BARS, ("chart", "series"), [], "/chart/series"),
    "long series": (BARS, ("chart", "series", 0, "name"), "x" * 21, "/chart/series/0/name"),
    "strange label": (BARS, ("chart", "series", 0, "data", 1, "label"), "Wed", "/chart/series/0/data/1/label"),
    "no number": (BARS, ("chart", "series", 0, "data", 1, "value"), "3", "/chart/series/0/data/1/value"),
    "an empty segment": (PIE, ("chart", "segments", 0, "value"), 0, "/chart/segments/0/value"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_chart_is_refused(name: str) -> None:
    """Each problem that Slack reports is reported with a pointer."""
    block, path, value, pointer = WRONG[name]
    wrong = deepcopy(block)
    holder: Any = wrong
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    pointers = [at for _message, at in check_blocks([wrong], "message").entries]
    assert f"/blocks/0{pointer}" in pointers


def test_charts_are_read_as_words() -> None:
    """A transcript shows the numbers of a chart."""
    assert render_plain("", [BARS]) == "[bar] Builds\n  Mon | Tue\n  Passed: 3 | 0.5"
    assert render_plain("", [PIE]) == "[pie] Ends\na: 2"


def test_three_charts_are_too_many() -> None:
    """A message may have two charts."""
    assert check_blocks([BARS] * 2, "message").render_lines() == []
    assert check_blocks([BARS] * 3, "message").render_lines() != []


def test_a_workspace_without_charts_refuses_them() -> None:
    """A message with a block type that the workspace lacks is refused; others are accepted."""
    slack = SlackSim(signing_secret="x")
    slack.unknown_blocks.add("data_visualization")
    with pytest.raises(ApiError) as refused:
        read_content(Arguments({"text": "t", "blocks": [BARS]}), slack.unknown_blocks)
    assert refused.value.error == "invalid_blocks"
    assert (
        read_content(Arguments({"text": "t", "blocks": [{"type": "divider"}]}), slack.unknown_blocks).text == "t"
    )
