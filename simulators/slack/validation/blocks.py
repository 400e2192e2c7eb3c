"""Checks blocks and views as Slack does before it accepts them; limits come from limits.json."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from simulators.slack.validation.charts import check_chart
from simulators.slack.validation.elements import ElementChecker
from simulators.slack.validation.problems import BlockProblems
from simulators.slack.validation.tables import check_table

Json = dict[str, Any]


@cache
def load_limits() -> Json:
    """Return the limits and the block types of each surface."""
    loaded: Json = json.loads(Path(__file__).with_name("limits.json").read_text(encoding="utf-8"))
    return loaded


def check_blocks(blocks: Any, surface: str, pointer: str = "/blocks") -> BlockProblems:
    """Return the problems of these blocks on this surface (message, modal, home)."""
    found = BlockProblems(load_limits()["limits"], surface)
    if not isinstance(blocks, list):
        found.add("must be an array", pointer)
        return found
    most = found.limits["message_blocks_max_items" if surface == "message" else "view_blocks_max_items"]
    found.check_count(blocks, pointer, 0, most)
    for index, block in enumerate(blocks):
        _check_block(found, block, f"{pointer}/{index}")
    _check_ids(found, blocks, pointer)
    _check_totals(found, blocks, pointer)
    return found


def check_view(view: Any) -> BlockProblems:
    """Return the problems of a view; pointers start at /view."""
    found = BlockProblems(load_limits()["limits"])
    if not isinstance(view, dict) or view.get("type") not in ("modal", "home"):
        found.add("must be a valid enum value", "/view/type")
        return found
    if view["type"] == "modal":
        _check_titles(found, view)
    for key in ("private_metadata", "callback_id", "external_id"):
        found.check_string(view, key, "/view", f"view_{key}_max_length", required=False, empty=True)
    if "blocks" not in view:
        found.add("missing required field: blocks", "/view")
        return found
    found.extend(check_blocks(view["blocks"], view["type"], "/view/blocks"))
    return found


def _check_titles(found: BlockProblems, view: Json) -> None:
    found.check_text(view, "title", "/view", "view_title_max_length", plain=True)
    for key in ("submit", "close"):
        found.check_text(view, key, "/view", f"view_{key}_max_length", plain=True, required=False)
    inputs = [block for block in view.get("blocks") or [] if isinstance(block, dict)]
    if not view.get("submit") and any(block.get("type") == "input" for block in inputs):
        found.add("missing required field: submit", "/view")


def _check_block(found: BlockProblems, block: Any, at: str) -> None:
    if not isinstance(block, dict):
        found.add("must be an object", at)
        return
    kind = block.get("type")
    if "type" not in block:
        found.add("missing required field: type", at)
    elif kind not in load_limits()["block_types_by_surface"][found.surface]:
        found.add(f"unsupported type: {kind}", f"{at}/type")
    else:
        found.check_string(block, "block_id", at, "block_id_max_length", required=False)
        _CHECKS.get(str(kind), _accept)(found, block, at)


def _accept(found: BlockProblems, block: Json, at: str) -> None:
    """Accept a block of which only the type is checked."""


def _section(found: BlockProblems, block: Json, at: str) -> None:
    if "text" not in block and not block.get("fields"):
        found.add("missing required field: text or fields", at)
    found.check_text(block, "text", at, "section_text_max_length", required=False)
    fields = block.get("fields") or []
    found.check_count(fields, f"{at}/fields", 0, found.limits["section_fields_max_items"])
    for index in range(len(fields)):
        found.check_text(fields, index, f"{at}/fields", "section_fields_item_max_length")
    if "accessory" in block:
        ElementChecker(found).accessory(block["accessory"], f"{at}/accessory")


def _header(found: BlockProblems, block: Json, at: str) -> None:
    found.check_text(block, "text", at, "header_text_max_length", plain=True)


def _context(found: BlockProblems, block: Json, at: str) -> None:
    elements = block.get("elements")
    found.check_count(elements, f"{at}/elements", 1, found.limits["context_elements_max_items"])
    for index, element in enumerate(elements or []):
        ElementChecker(found).in_context(element, f"{at}/elements/{index}")


def _actions(found: BlockProblems, block: Json, at: str) -> None:
    elements = block.get("elements")
    found.check_count(elements, f"{at}/elements", 1, found.limits["actions_elements_max_items"])
    for index, element in enumerate(elements or []):
        ElementChecker(found).in_actions(element, f"{at}/elements/{index}")


def _input(found: BlockProblems, block: Json, at: str) -> None:
    found.check_text(block, "label", at, "input_label_max_length", plain=True)
    found.check_text(block, "hint", at, "input_hint_max_length", plain=True, required=False)
    ElementChecker(found).in_input(block.get("element"), f"{at}/element")


def _image(found: BlockProblems, block: Json, at: str) -> None:
    ElementChecker(found).image(block, at)
    found.check_text(block, "title", at, "image_title_max_length", plain=True, required=False)


def _markdown(found: BlockProblems, block: Json, at: str) -> None:
    found.check_string(block, "text", at, "markdown_text_max_length")


def _alert(found: BlockProblems, block: Json, at: str) -> None:
    found.check_text(block, "text", at, "alert_text_max_length")


def _card(found: BlockProblems, block: Json, at: str) -> None:
    if not any(block.get(key) for key in ("hero_image", "title", "actions", "body")):
        found.add("needs one of hero_image, title, actions, body", at)
    for key in ("title", "subtitle", "body", "subtext"):
        found.check_text(block, key, at, f"card_{key}_max_length", required=False)
    found.check_count(block.get("actions") or [], f"{at}/actions", 0, found.limits["card_actions_max_items"])


def _carousel(found: BlockProblems, block: Json, at: str) -> None:
    elements = block.get("elements")
    found.check_count(elements, f"{at}/elements", 1, found.limits["carousel_elements_max_items"])
    for index, card in enumerate(elements or []):
        _card(found, card, f"{at}/elements/{index}")


def _container(found: BlockProblems, block: Json, at: str) -> None:
    children = block.get("child_blocks")
    found.check_count(children, f"{at}/child_blocks", 1, found.limits["container_child_blocks_max_items"])
    for index, child in enumerate(children or []):
        _check_block(found, child, f"{at}/child_blocks/{index}")


_CHECKS: dict[str, Callable[[BlockProblems, Json, str], None]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
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
}


def _check_ids(found: BlockProblems, blocks: list[Any], pointer: str) -> None:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        name = block.get("block_id")
        if name and name in seen:
            found.add(f"block_id {name} already exists", f"{pointer}/{index}/block_id")
        seen.add(str(name))
        _check_action_ids(found, block, f"{pointer}/{index}")


def _check_action_ids(found: BlockProblems, block: Json, at: str) -> None:
    elements = block.get("elements")
    ids = [str(e["action_id"]) for e in elements or [] if isinstance(e, dict) and e.get("action_id")]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        found.add(f"action_id {name} already exists", f"{at}/elements")


def _check_totals(found: BlockProblems, blocks: list[Any], pointer: str) -> None:
    kinds = [block.get("type") for block in blocks if isinstance(block, dict)]
    if sum(kind in ("table", "data_table") for kind in kinds) > 1:
        found.add("only_one_table_allowed", pointer)
    if kinds.count("data_visualization") > found.limits["message_data_visualizations_max_items"]:
        found.add("must contain at most 2 data_visualization blocks", pointer)
    words = sum(len(str(b.get("text", ""))) for b in blocks if isinstance(b, dict) and b.get("type") == "markdown")
    if words > found.limits["markdown_total_text_max_length"]:
        found.add("must be less than 12001 characters", pointer)
    cells = sum(found.cell_length(block) for block in blocks if isinstance(block, dict))
    if cells > load_limits()["not_in_source"]["table_cell_text_total_recommended"]:
        found.add("table cells must be less than 10001 characters", pointer)
