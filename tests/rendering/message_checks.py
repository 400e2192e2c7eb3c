"""Messages as readable lines, and checks against Slack's published limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.slack.blockkit.blocks import Message

CONTRACT = json.loads((Path(__file__).parents[1] / "contracts" / "block-kit-limits.json").read_text("utf-8"))
LIMITS: dict[str, int] = CONTRACT["limits"]
TYPES: dict[str, list[str]] = CONTRACT["block_types_by_surface"]


def describe_message(message: Message) -> list[str]:
    """Return a message as lines: the summary, then every block."""
    return [f"text: {message.text}", *(line for block in message.blocks for line in _lines(block))]


def _lines(block: dict[str, Any]) -> Iterator[str]:
    kind = block["type"]
    if kind == "actions":
        yield "buttons: " + " | ".join(map(_button, block["elements"]))
    elif kind == "data_table":
        yield f"table: {block['caption']}"
        yield from ("row: " + " | ".join(map(_cell, row)) for row in block["rows"])
    elif kind == "context":
        yield "context: " + " · ".join(element["text"] for element in block["elements"])
    else:
        if "text" in block:
            yield f"{kind}: {block['text']['text']}"
        yield from (f"field: {field['text']}" for field in block.get("fields", ()))


def _cell(cell: dict[str, Any]) -> str:
    if cell["type"] != "rich_text":
        return str(cell["text"])
    return "".join(_leaf(leaf) for part in cell["elements"] for leaf in part["elements"])


def _leaf(leaf: dict[str, Any]) -> str:
    text = str(leaf.get("text") or leaf.get("fallback") or leaf.get("user_id"))
    return f"[{text}]({leaf['url']})" if leaf["type"] == "link" else text


def _button(element: dict[str, Any]) -> str:
    if element["type"] == "overflow":
        return " / ".join(f"{option['text']['text']} → {option['value']}" for option in element["options"])
    where = element.get("url") or f"{element['action_id']}={element.get('value', '')}"
    style = f" ({element['style']})" if "style" in element else ""
    return f"{element['text']['text']}{style} → {where}"


def find_faults(message: Message) -> list[str]:
    """Return everything in a message that Slack would refuse."""
    found = [] if 1 <= len(message.text) <= 4000 and "\n" not in message.text else ["text: length"]
    if len(message.blocks) > LIMITS["message_blocks_max_items"]:
        found.append("too many blocks")
    ids = [block["block_id"] for block in message.blocks if "block_id" in block]
    found += ["block ids repeat"] if len(ids) != len(set(ids)) else []
    return [*found, *(fault for block in message.blocks for fault in _block(block, "message"))]


def find_view_faults(view: dict[str, Any]) -> list[str]:
    """Return everything in a modal that Slack would refuse."""
    bounds = {name: LIMITS[f"view_{name}_max_length"] for name in ("title", "submit", "close")}
    found = [name for name, most in bounds.items() if name in view and not 1 <= len(view[name]["text"]) <= most]
    found += ["callback_id"] if len(view.get("callback_id", "")) > LIMITS["view_callback_id_max_length"] else []
    metadata = view.get("private_metadata", "")
    found += ["private_metadata"] if len(metadata) > LIMITS["view_private_metadata_max_length"] else []
    found += ["blocks"] if not 1 <= len(view["blocks"]) <= LIMITS["view_blocks_max_items"] else []
    found += ["no submit"] if "submit" not in view and any(b["type"] == "input" for b in view["blocks"]) else []
    return [*found, *(fault for block in view["blocks"] for fault in _block(block, "modal"))]


def _block(block: dict[str, Any], surface: str) -> Iterator[str]:
    kind = block["type"]
    if kind not in TYPES[surface]:
        yield f"{kind} does not belong on a {surface}"
    if len(block.get("block_id", "")) > LIMITS["block_id_max_length"]:
        yield "block_id"
    checks = {"section": _section, "context": _context, "actions": _actions, "header": _header, "input": _input}
    yield from checks[kind](block) if kind in checks else ()


def _section(block: dict[str, Any]) -> Iterator[str]:
    if "text" not in block and not block.get("fields"):
        yield "section: nothing in it"
    if "text" in block:
        yield from _mrkdwn(block["text"], LIMITS["section_text_max_length"])
    if len(block.get("fields", ())) > LIMITS["section_fields_max_items"]:
        yield "section: too many fields"
    for field in block.get("fields", ()):
        yield from _mrkdwn(field, LIMITS["section_fields_item_max_length"])


def _context(block: dict[str, Any]) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= LIMITS["context_elements_max_items"]:
        yield "context: elements"
    for element in block["elements"]:
        yield from _mrkdwn(element, LIMITS["text_max_length"])


def _header(block: dict[str, Any]) -> Iterator[str]:
    yield from _plain(block["text"], LIMITS["header_text_max_length"])


def _actions(block: dict[str, Any]) -> Iterator[str]:
    elements = block["elements"]
    if not 1 <= len(elements) <= LIMITS["actions_elements_max_items"]:
        yield "actions: elements"
    names = [element["action_id"] for element in elements]
    if len(names) != len(set(names)):
        yield "actions: action ids repeat"
    for element in elements:
        yield from _pressed(element)


def _pressed(element: dict[str, Any]) -> Iterator[str]:
    if element["type"] == "overflow":
        if not 1 <= len(element["options"]) <= LIMITS["overflow_options_max_items"]:
            yield "overflow: options"
        yield from _options(element["options"])
        return
    yield from _plain(element["text"], LIMITS["button_text_max_length"])
    bounds = {"value": "button_value", "url": "button_url", "accessibility_label": "button_accessibility_label"}
    for name, limit in {**bounds, "action_id": "action_id"}.items():
        if name in element and not 1 <= len(element[name]) <= LIMITS[f"{limit}_max_length"]:
            yield f"button: {name}"
    for name, part in element.get("confirm", {}).items():
        yield from _plain(part, LIMITS[f"confirmation_{name}_max_length"])


def _input(block: dict[str, Any]) -> Iterator[str]:
    yield from _plain(block["label"], LIMITS["input_label_max_length"])
    if "hint" in block:
        yield from _plain(block["hint"], LIMITS["input_hint_max_length"])
    element = block["element"]
    if "placeholder" in element:
        yield from _plain(element["placeholder"], LIMITS["select_placeholder_max_length"])
    if len(element.get("initial_value", "")) > LIMITS["plain_text_input_max_length_max"]:
        yield "input: initial value"
    most = LIMITS[
        "checkboxes_options_max_items" if element["type"] == "checkboxes" else "select_options_max_items"
    ]
    if "options" in element and not 1 <= len(element["options"]) <= most:
        yield "input: options"
    initial = [element[name] for name in ("initial_option",) if name in element]
    yield from _options([*element.get("options", ()), *element.get("initial_options", ()), *initial])


def _options(options: list[dict[str, Any]]) -> Iterator[str]:
    for option in options:
        yield from _plain(option["text"], LIMITS["option_text_max_length"])
        if not 1 <= len(option["value"]) <= LIMITS["option_value_max_length"]:
            yield "option: value"


def _plain(text: dict[str, Any], limit: int) -> Iterator[str]:
    if text["type"] != "plain_text" or not 1 <= len(text["text"]) <= limit or not text["text"].strip():
        yield f"plain text of {len(text['text'])} characters"


def _mrkdwn(text: dict[str, Any], limit: int) -> Iterator[str]:
    if text["type"] != "mrkdwn" or text.get("verbatim") is not True:
        yield "mrkdwn that is not verbatim"
    if not 1 <= len(text["text"]) <= limit or not text["text"].strip():
        yield f"mrkdwn of {len(text['text'])} characters"


def find_live_markup(message: Message) -> list[str]:
    """Return every `<…>` that Slack would act on, anywhere in a message."""
    written = json.dumps([message.text, *(_safe_texts(message))], ensure_ascii=False)
    return re.findall(r"<[^>]*>?", written)


def _safe_texts(message: Message) -> Iterator[str]:
    for block in message.blocks:
        objects = [block.get("text"), *block.get("fields", ()), *block.get("elements", ())]
        yield from (item["text"] for item in objects if item and item["type"] == "mrkdwn")
