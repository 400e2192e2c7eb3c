"""Adds what Slack adds to stored blocks: ids and default flags."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

Json = dict[str, Any]
_DISPATCH = {"trigger_actions_on": ["on_enter_pressed"]}


def normalize_blocks(blocks: list[Json], new_id: Callable[[], str]) -> list[Json]:
    """Return a copy with block_id and action_id everywhere, and explicit `emoji` and `verbatim`."""
    copies = deepcopy(blocks)
    for block in copies:
        _fill_block(block, new_id)
    for block in copies:
        _fill_texts(block)
    return copies


def normalize_view(source: Json, new_id: Callable[[], str]) -> Json:
    """Return a copy of a view with normalized blocks and titles."""
    titles = {key: deepcopy(source[key]) for key in ("title", "submit", "close") if source.get(key)}
    _fill_texts(titles)
    return {**source, **titles, "blocks": normalize_blocks(source["blocks"], new_id)}


def _fill_block(block: Json, new_id: Callable[[], str]) -> None:
    block.setdefault("block_id", new_id())
    if block.get("type") == "input":
        block.setdefault("optional", False)
        block.setdefault("dispatch_action", False)
    for child in block.get("child_blocks") or []:
        _fill_block(child, new_id)
    for element in _interactive(block):
        element.setdefault("action_id", new_id())
        if element.get("type") == "plain_text_input":
            element.setdefault("dispatch_action_config", deepcopy(_DISPATCH))


def _interactive(block: Json) -> list[Json]:
    kind = block.get("type")
    found = [block[key] for key in ("element", "accessory") if isinstance(block.get(key), dict)]
    if kind in ("actions", "context_actions"):
        found += block.get("elements") or []
    if kind == "card":
        found += block.get("actions") or []
    return [element for element in found if element.get("type") != "image"]


def _fill_texts(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _fill_texts(item)
    if not isinstance(node, dict) or node.get("type") == "rich_text":
        return
    if node.get("type") == "plain_text":
        node.setdefault("emoji", True)
    if node.get("type") == "mrkdwn":
        node.setdefault("verbatim", False)
    for value in node.values():
        _fill_texts(value)
