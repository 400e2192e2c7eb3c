"""Renders blocks as the text that people see."""

import re
from collections.abc import Iterator
from typing import Any

from simulators.slack.chart_text import render_chart

Json = dict[str, Any]
_LINK = re.compile(r"<((?:https?|mailto)[^|>]*)(?:\|([^>]*))?>")


def render_plain(text: str, blocks: list[Json] | None) -> str:
    """Return a message's visible text: its blocks if it has any, else its text; a line for each block."""
    if not blocks:
        return render_mrkdwn(text)
    return "\n".join(line for block in blocks for line in [render_block(block)] if line)


def render_mrkdwn(text: str) -> str:
    """Return mrkdwn as displayed: links by their label, entities decoded; mentions and styling marks stay."""
    labelled = _LINK.sub(lambda found: found[2] or found[1], text)
    return labelled.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def find_text(text: Any) -> str:
    """Return the text of a text object, or of a bare string."""
    if isinstance(text, str):
        return render_mrkdwn(text)
    if not isinstance(text, dict):
        return ""
    raw = str(text.get("text", ""))
    return render_mrkdwn(raw) if text.get("type") == "mrkdwn" else raw


def render_block(block: Json) -> str:
    """Return one block as one or more lines."""
    match block.get("type"):
        case "divider":
            return "---"
        case "actions" | "context" | "context_actions":
            return " ".join(render_element(element) for element in block.get("elements", []))
        case "input":
            return f"{find_text(block.get('label'))}: {render_element(block.get('element', {}))}"
        case "rich_text":
            return "".join(_find_leaves(block)).rstrip("\n")
        case "table" | "data_table":
            return _render_table(block)
        case "data_visualization":
            return render_chart(block)
        case "image":
            return f"(image: {block.get('alt_text', '')})"
        case _:
            return "\n".join(part for part in _render_parts(block) if part)


def _render_parts(block: Json) -> Iterator[str]:
    for key in ("title", "subtitle", "text", "body", "subtext"):
        yield find_text(block.get(key))
    for field in block.get("fields") or []:
        yield find_text(field)
    if block.get("accessory"):
        yield render_element(block["accessory"])
    for child in block.get("child_blocks") or []:
        yield render_block(child)
    if block.get("type") == "carousel":
        yield from (render_block(card) for card in block.get("elements", []))
    yield " ".join(render_element(element) for element in block.get("actions") or [])


def _render_table(block: Json) -> str:
    caption = [str(block["caption"])] if block.get("caption") else []
    return "\n".join(caption + [" · ".join(render_cell(cell) for cell in row) for row in block.get("rows", [])])


def render_cell(cell: Json) -> str:
    """Return the text of a table cell."""
    if cell.get("type") == "rich_text":
        return "".join(_find_leaves(cell)).rstrip("\n")
    return str(cell.get("text", cell.get("value", "")))


def _find_leaves(node: Json) -> Iterator[str]:
    match node.get("type"):
        case "text" | "raw_text":
            yield str(node.get("text", ""))
        case "user":
            yield f"<@{node.get('user_id')}>"
        case "channel":
            yield f"<#{node.get('channel_id')}>"
        case "emoji":
            yield f":{node.get('name')}:"
        case "link":
            yield str(node.get("text") or node.get("url", ""))
        case "date":
            yield str(node.get("fallback", ""))
        case kind:
            for child in node.get("elements", []):
                yield from _find_leaves(child)
                if kind in ("rich_text", "rich_text_list"):
                    yield "\n"


def render_element(element: Json) -> str:
    """Return a control as its visible label in brackets, or a text or image as displayed."""
    kind = element.get("type")
    if kind in ("mrkdwn", "plain_text"):
        return find_text(element)
    if kind == "image":
        return f"(image: {element.get('alt_text', '')})"
    if kind in ("checkboxes", "radio_buttons", "overflow"):
        return "[" + " / ".join(find_text(option.get("text")) for option in element.get("options", [])) + "]"
    return f"[{find_label(element)}]"


def find_label(element: Json) -> str:
    """Return a control's visible label: button text, else chosen value, else placeholder."""
    if element.get("text"):
        return find_text(element["text"])
    for key in ("initial_value", "initial_date", "initial_time"):
        if element.get(key):
            return str(element[key])
    if element.get("initial_option"):
        return find_text(element["initial_option"].get("text"))
    return find_text(element.get("placeholder"))
