"""Blocks that Slack accepts are accepted; blocks that it refuses are refused with a pointer."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulators.slack.validation.blocks import check_blocks, check_view
from tests.sim.slack.cards import FORM, button, text_input, words

CONTRACTS = Path(__file__).parents[2] / "contracts"
EXAMPLES: dict[str, Any] = json.loads((CONTRACTS / "block-kit-examples.json").read_text(encoding="utf-8"))[
    "examples"
]
BLOCKS = sorted(name for name in EXAMPLES if name.startswith("blocks/") and name != "blocks/alert_block")
VIEWS = sorted(name for name in EXAMPLES if name.startswith("views/"))


def test_the_limits_are_those_of_the_contract() -> None:
    """The simulator's copy of the limits is the contract's."""
    shipped = Path(__file__).parents[3] / "simulators" / "slack" / "validation" / "limits.json"
    assert json.loads(shipped.read_text()) == json.loads((CONTRACTS / "block-kit-limits.json").read_text())


@pytest.mark.parametrize("name", BLOCKS)
def test_good_blocks_are_accepted(name: str) -> None:
    """Every example block of the contract is accepted in a message."""
    assert check_blocks([EXAMPLES[name]], "message").render_lines() == []


@pytest.mark.parametrize("name", VIEWS)
def test_good_views_are_accepted(name: str) -> None:
    """Every example view of the contract is accepted."""
    titles = {"title": words("T"), "submit": words("Go")} if EXAMPLES[name]["type"] == "modal" else {}
    assert check_view(titles | EXAMPLES[name]).render_lines() == []


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def actions(*elements: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def menu(options: list[Any], kind: str = "static_select") -> dict[str, Any]:
    return {"type": kind, "action_id": "m", "options": options}


OPTION = {"text": words("a"), "value": "a"}
TABLE = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
BAD: dict[str, tuple[list[Any], str]] = {
    "unknown type": ([{"type": "sekshun"}], "/0/type"),
    "no type": ([{}], "/0"),
    "51 blocks": ([{"type": "divider"}] * 51, ""),
    "empty text": ([section("")], "/0/text/text"),
    "long text": ([section("x" * 3001)], "/0/text/text"),
    "section of nothing": ([{"type": "section"}], "/0"),
    "long field": ([{"type": "section", "fields": [words("x" * 2001)]}], "/0/fields/0/text"),
    "eleven fields": ([{"type": "section", "fields": [words("x")] * 11}], "/0/fields"),
    "header in mrkdwn": ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "/0/text"),
    "long header": ([{"type": "header", "text": words("x" * 151)}], "/0/text/text"),
    "eleven in a context": ([{"type": "context", "elements": [words("x")] * 11}], "/0/elements"),
    "no actions": ([actions()], "/0/elements"),
    "26 actions": ([actions(*(button("x", str(n)) for n in range(26)))], "/0/elements"),
    "same action_id": ([actions(button("a", "x"), button("b", "x"))], "/0/elements"),
    "same block_id": ([section("a") | {"block_id": "x"}, section("b") | {"block_id": "x"}], "/1/block_id"),
    "long label": ([actions(button("x" * 76, "a"))], "/0/elements/0/text/text"),
    "long value": ([actions(button("x", "a", value="x" * 2001))], "/0/elements/0/value"),
    "bad style": ([actions(button("x", "a", style="green"))], "/0/elements/0/style"),
    "long action_id": ([actions(button("x", "a" * 256))], "/0/elements/0/action_id"),
    "text input in actions": ([actions({"type": "plain_text_input", "action_id": "a"})], "/0/elements/0/type"),
    "no options": ([actions(menu([]))], "/0/elements/0/options"),
    "101 options": ([actions(menu([OPTION] * 101))], "/0/elements/0/options"),
    "long option": ([actions(menu([OPTION | {"value": "x" * 151}]))], "/0/elements/0/options/0/value"),
    "eleven radios": ([actions(menu([OPTION] * 11, "radio_buttons"))], "/0/elements/0/options"),
    "six in an overflow": ([actions(menu([OPTION] * 6, "overflow"))], "/0/elements/0/options"),
    "foreign initial": (
        [actions(menu([OPTION]) | {"initial_option": OPTION | {"value": "b"}})],
        "/0/elements/0",
    ),
    "confirm without text": (
        [actions(button("x", "a", confirm={"title": words("t"), "confirm": words("y"), "deny": words("n")}))],
        "/0/elements/0/confirm",
    ),
    "image without alt": ([{"type": "image", "image_url": "https://example.com/x.png"}], "/0"),
    "two tables": ([TABLE, TABLE], ""),
    "empty cell": ([{"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]}], "/0/rows/0/0/text"),
    "alert in a message": ([EXAMPLES["blocks/alert_block"]], "/0/type"),
    "too much markdown": ([{"type": "markdown", "text": "x" * 6001}] * 2, ""),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_blocks_are_refused(name: str) -> None:
    """Each mistake is reported where it is."""
    blocks, pointer = BAD[name]
    assert f"/blocks{pointer}" in [at for _, at in check_blocks(blocks, "message").entries]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"title": words("x" * 25)}, "/view/title/text"),
        ({"title": None}, "/view"),
        ({"submit": None}, "/view/submit"),
        ({"submit": ...}, "/view"),
        ({"submit": words("x" * 25)}, "/view/submit/text"),
        ({"private_metadata": "x" * 3001}, "/view/private_metadata"),
        ({"callback_id": "x" * 256}, "/view/callback_id"),
        ({"blocks": [text_input(str(n), "A") for n in range(101)]}, "/view/blocks"),
        ({"blocks": [{"type": "markdown", "text": "x"}]}, "/view/blocks/0/type"),
        ({"type": "window"}, "/view/type"),
    ],
)
def test_bad_views_are_refused(change: dict[str, Any], pointer: str) -> None:
    """Each mistake in a view is reported where it is; `...` stands for a key that isn't there."""
    view = {key: value for key, value in (FORM | change).items() if value is not ...}
    assert pointer in [at for _, at in check_view(view).entries]
