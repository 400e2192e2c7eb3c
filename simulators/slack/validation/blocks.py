"""Checks blocks and views as Slack does before it accepts them.

Their shapes come from shapes.json and additions.json, limits from limits.json.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from simulators.slack.validation.charts import check_chart
from simulators.slack.validation.elements import ElementChecker
from simulators.slack.validation.problems import BlockProblems
from simulators.slack.validation.shapes import find_block_types, find_shape_problems
from simulators.slack.validation.tables import check_rich_text, check_table

Json = dict[str, Any]
_VIEWS = {"modal": "ModalView", "home": "HomeView"}


@cache
def load_limits() -> Json:
    """Return the limits and the block types of each surface."""
    loaded: Json = json.loads(Path(__file__).with_name("limits.json").read_text(encoding="utf-8"))
    return loaded


def check_blocks(blocks: Any, surface: str, pointer: str = "/blocks") -> BlockProblems:
    """Return the problems of these blocks on this surface (message, modal, home).

    Lengths and numbers are only checked in blocks of the right shape.
    """
    found = BlockProblems(load_limits()["limits"], surface)
    if not isinstance(blocks, list):
        found.add("must be an array", pointer)
        return found
    most = found.limits["message_blocks_max_items" if surface == "message" else "view_blocks_max_items"]
    found.check_count(blocks, pointer, 0, most)
    places = [(block, f"{pointer}/{index}") for index, block in enumerate(blocks)]
    shaped = [(block, at) for block, at in places if _has_shape(found, block, at)]
    for block, at in shaped:
        _check_limits(found, block, at)
    _check_ids(found, shaped)
    _check_totals(found, [block for block, _ in shaped], pointer)
    return found


def check_view(view: Any) -> BlockProblems:
    """Return the problems of a view; pointers start at /view."""
    found = BlockProblems(load_limits()["limits"])
    kind = view.get("type") if isinstance(view, dict) else None
    if kind not in _VIEWS:
        found.add("must be a valid enum value", "/view/type")
        return found
    wrong = find_shape_problems(_VIEWS[kind], view | {"blocks": []}, "/view")
    for message, at in wrong:
        found.add(message, at)
    if not wrong:
        _check_titles(found, view)
    if "blocks" not in view:
        found.add("missing required field: blocks", "/view")
        return found
    found.extend(check_blocks(view["blocks"], kind, "/view/blocks"))
    return found


def _check_titles(found: BlockProblems, view: Json) -> None:
    for key in ("title", "submit", "close"):
        found.check_text(view, key, "/view", f"view_{key}_max_length")
    for key in ("private_metadata", "callback_id", "external_id"):
        found.check_string(view, key, "/view", f"view_{key}_max_length", empty=True)
    blocks = view.get("blocks")
    kinds = [block.get("type") for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
    if "submit" not in view and "input" in kinds:
        found.add("missing required field: submit", "/view")


def _has_shape(found: BlockProblems, block: Any, at: str) -> bool:
    """Return whether a block has the keys and kinds of values that its type has, and may be on the surface."""
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(block, dict):
        found.add("must be an object", at)
    elif "type" not in block:
        found.add("missing required field: type", at)
    elif kind not in load_limits()["block_types_by_surface"][found.surface]:
        found.add(f"unsupported type: {kind}", f"{at}/type")
    else:
        wrong = find_shape_problems(find_block_types()[str(kind)], block, at)
        for message, place in wrong:
            found.add(message, place)
        return not wrong
    return False


def _check_limits(found: BlockProblems, block: Json, at: str) -> None:
    found.check_string(block, "block_id", at, "block_id_max_length")
    _CHECKS.get(block["type"], _accept)(found, block, at)


def _accept(found: BlockProblems, block: Json, at: str) -> None:
    """Accept a block that has no limits besides its shape."""


def _section(found: BlockProblems, block: Json, at: str) -> None:
    if "text" not in block and not block.get("fields"):
        found.add("missing required field: text or fields", at)
    found.check_text(block, "text", at, "section_text_max_length")
    fields = block.get("fields", [])
    found.check_count(fields, f"{at}/fields", 0, found.limits["section_fields_max_items"])
    for index, field in enumerate(fields):
        found.check_length(
            field["text"], f"{at}/fields/{index}/text", found.limits["section_fields_item_max_length"]
        )
    if "accessory" in block:
        ElementChecker(found).check(block["accessory"], f"{at}/accessory")


def _header(found: BlockProblems, block: Json, at: str) -> None:
    found.check_text(block, "text", at, "header_text_max_length")


def _elements(found: BlockProblems, block: Json, at: str) -> None:
    kind = block["type"]
    found.check_count(block["elements"], f"{at}/elements", 1, found.limits[f"{kind}_elements_max_items"])
    for index, element in enumerate(block["elements"]):
        ElementChecker(found).check(element, f"{at}/elements/{index}")


def _input(found: BlockProblems, block: Json, at: str) -> None:
    found.check_text(block, "label", at, "input_label_max_length")
    found.check_text(block, "hint", at, "input_hint_max_length")
    ElementChecker(found).check(block["element"], f"{at}/element")


def _image(found: BlockProblems, block: Json, at: str) -> None:
    ElementChecker(found).check(block, at)
    found.check_text(block, "title", at, "image_title_max_length")


def _markdown(found: BlockProblems, block: Json, at: str) -> None:
    found.check_string(block, "text", at, "markdown_text_max_length")


def _alert(found: BlockProblems, block: Json, at: str) -> None:
    found.check_text(block, "text", at, "alert_text_max_length")


def _card(found: BlockProblems, block: Json, at: str) -> None:
    if not any(block.get(key) for key in ("hero_image", "title", "actions", "body")):
        found.add("needs one of hero_image, title, actions, body", at)
    for key in ("title", "subtitle", "body", "subtext"):
        found.check_text(block, key, at, f"card_{key}_max_length")
    found.check_count(block.get("actions", []), f"{at}/actions", 0, found.limits["card_actions_max_items"])


def _carousel(found: BlockProblems, block: Json, at: str) -> None:
    found.check_count(block["elements"], f"{at}/elements", 1, found.limits["carousel_elements_max_items"])
    for index, card in enumerate(block["elements"]):
        _card(found, card, f"{at}/elements/{index}")


def _container(found: BlockProblems, block: Json, at: str) -> None:
    children = block["child_blocks"]
    found.check_count(children, f"{at}/child_blocks", 1, found.limits["container_child_blocks_max_items"])
    for index, child in enumerate(children):
        _check_limits(found, child, f"{at}/child_blocks/{index}")


_CHECKS: dict[str, Callable[[BlockProblems, Json, str], None]] = {
    "section": _section,
    "header": _header,
    "context": _elements,
    "actions": _elements,
    "context_actions": _elements,
    "input": _input,
    "image": _image,
    "markdown": _markdown,
    "alert": _alert,
    "table": check_table,
    "data_table": check_table,
    "card": _card,
    "carousel": _carousel,
    "container": _container,
    "data_visualization": check_chart,
    "rich_text": check_rich_text,
}


def _check_ids(found: BlockProblems, places: list[tuple[Json, str]]) -> None:
    seen: set[str] = set()
    for block, at in places:
        name = block.get("block_id")
        if name and name in seen:
            found.add(f"block_id {name} already exists", f"{at}/block_id")
        seen.add(str(name))
        _check_action_ids(found, block, at)


def _check_action_ids(found: BlockProblems, block: Json, at: str) -> None:
    ids = [element["action_id"] for element in block.get("elements", []) if element.get("action_id")]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        found.add(f"action_id {name} already exists", f"{at}/elements")


def _check_totals(found: BlockProblems, blocks: list[Json], pointer: str) -> None:
    kinds = [block["type"] for block in blocks]
    if sum(kind in ("table", "data_table") for kind in kinds) > 1:
        found.add("only_one_table_allowed", pointer)
    if kinds.count("data_visualization") > found.limits["message_data_visualizations_max_items"]:
        found.add("must contain at most 2 data_visualization blocks", pointer)
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > _get_markdown_limit():
        found.add("must be less than 12001 characters", pointer)
    cells = sum(found.cell_length(block) for block in blocks)
    if cells > load_limits()["not_in_source"]["table_cell_text_total_recommended"]:
        found.add("table cells must be less than 10001 characters", pointer)


def _get_markdown_limit() -> int:
    return int(load_limits()["limits"]["markdown_total_text_max_length"])
