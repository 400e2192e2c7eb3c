"""Replaces Buildkite's emoji codes by what Slack can show.

Buildkite's labels contain codes such as `:rocket:` and `:rspec:`. An emoji with a Unicode character becomes that
character. One that's only a picture in Buildkite is left out if words follow it, else it becomes its name. Codes
that Buildkite doesn't know stay, because Slack may know them. Code, logs and addresses stay unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from bot.runtime.json_types import JsonValue
from bot.slack.blockkit.blocks import Block, Message, list_elements
from bot.slack.blockkit.mrkdwn import strip_unseen

_CODE = re.compile(r":([a-z0-9_+-]{0,63}[a-z+-][a-z0-9_+-]{0,63}):( ?)")
_PICTURE = re.compile(r"/unicode/([0-9a-f]{2,6}(?:-[0-9a-f]{2,6})*)\.(?:png|svg|gif)(?:\?|$)", re.IGNORECASE)
# Parts of mrkdwn that stay unchanged: code, and anything in angle brackets except the label of a link.
_TOKEN = re.compile(r"```.*?```|`[^`\n]*`|<(?P<to>https?:[^<>|]*)\|(?P<label>[^<>]*)>|<[^<>]*>", re.DOTALL)
_SEGMENT = re.compile(r" · |\n")


class NamedEmoji(NamedTuple):
    """An emoji of the organization: its names and its character, which is empty for a picture."""

    names: tuple[str, ...]
    character: str


Names = Mapping[str, str]


def find_character(url: str) -> str:
    """Return the character of an emoji's image address (`…/unicode/1f680.png` is 🚀), empty for other pictures."""
    found = _PICTURE.search(url)
    points = [int(point, 16) for point in found[1].split("-")] if found else []
    if not all(0x20 < point < 0xD800 or 0xE000 <= point <= 0x10FFFF for point in points):
        return ""
    made = "".join(map(chr, points))
    return made if strip_unseen(made) == made and not set(made) & set("<>&`*_~|") else ""


def map_names(emoji: Iterable[NamedEmoji]) -> dict[str, str]:
    """Return the character for every name and alias, empty for pictures.

    Characters longer than their code count as pictures too, since a text cut to Slack's limits must not grow.
    """
    known = [(name, named.character) for named in emoji for name in named.names]
    return {name: character if len(character) <= len(name) + 2 else "" for name, character in known}


def has_codes(message: Message) -> bool:
    """Return whether a message may contain codes."""
    return _CODE.search(str(message.text)) is not None or any(_CODE.search(str(block)) for block in message.blocks)


def replace_codes(message: Message, known: Names) -> Message:
    """Return the message with the organization's codes replaced."""
    blocks = tuple(_replace_in_object(block, known) for block in message.blocks)
    return Message(_replace_in_mrkdwn(message.text, known), blocks)


def draw_codes_in_tables(message: Message) -> Message:
    """Return the message with the codes that are left in table cells as elements: Slack draws no codes there.

    Elsewhere Slack draws `:kite:` itself. It shows a code that it doesn't know as text, in elements as well.
    """
    return Message(message.text, tuple(_draw_in_table(block) for block in message.blocks))


def _draw_in_table(table: Block) -> Block:
    if table.get("type") != "data_table":
        return table
    rows = table.get("rows")
    lists = [row for row in rows if isinstance(row, list | tuple)] if isinstance(rows, list | tuple) else []
    drawn = [[_draw_in_cell(cell) if isinstance(cell, Mapping) else cell for cell in row] for row in lists]
    return {**table, "rows": drawn}


def _draw_in_cell(cell: Block) -> Block:
    if cell.get("type") == "raw_text" and _CODE.search(str(cell["text"])):
        line: Block = {"type": "rich_text_section", "elements": _split_element({**cell, "type": "text"})}
        return {"type": "rich_text", "elements": [line]}
    if cell.get("type") != "rich_text":
        return cell
    return {**cell, "elements": [_draw_in_line(line) for line in list_elements(cell)]}


def _draw_in_line(line: Block) -> Block:
    return {**line, "elements": [part for element in list_elements(line) for part in _split_element(element)]}


def _split_element(element: Block) -> list[JsonValue]:
    """Split a text or link into emoji and what stands between them."""
    style = element.get("style")
    if element.get("type") not in {"text", "link"} or (isinstance(style, Mapping) and style.get("code")):
        return [element]
    parts, end, text = list[Block](), 0, str(element["text"])
    for found in _CODE.finditer(text):
        # The space that ends the code isn't part of a link that follows.
        space: Block = {"type": "text", "text": found[2]}
        parts += [{**element, "text": text[end : found.start()]}, {"type": "emoji", "name": found[1]}, space]
        end = found.end()
    parts.append({**element, "text": text[end:]})
    return [part for part in parts if part.get("text") != ""]


def _replace_in_object(node: Block, known: Names) -> Block:
    """Replace codes in texts of any kind at any depth, but not in values, IDs and addresses."""
    text = node.get("text")
    if not isinstance(text, str):
        return {key: _replace_in_node(value, known) for key, value in node.items()}
    replace = _TEXTS.get(str(node.get("type")))
    style = node.get("style")
    is_code = isinstance(style, Mapping) and style.get("code")
    return {**node, "text": replace(text, known)} if replace and not is_code else node


def _replace_in_node(node: JsonValue, known: Names) -> JsonValue:
    if isinstance(node, Mapping):
        return _replace_in_object(node, known)
    if isinstance(node, list | tuple):
        return [_replace_in_node(child, known) for child in node]
    return node


def _replace_in_mrkdwn(text: str, known: Names) -> str:
    parts, end = [], 0
    for found in _TOKEN.finditer(text):
        parts += [_replace_in_text(text[end : found.start()], known), _replace_in_token(found, known)]
        end = found.end()
    return "".join([*parts, _replace_in_text(text[end:], known)])


def _replace_in_token(found: re.Match[str], known: Names) -> str:
    return f"<{found['to']}|{_replace_in_text(found['label'], known)}>" if found["label"] else found[0]


def _replace_in_text(text: str, known: Names) -> str:
    """Replace the organization's codes; a picture is dropped if words follow it in the same segment."""

    def replace_code(found: re.Match[str]) -> str:
        there = known.get(found[1])
        if there is None:
            return found[0]
        if there:
            return there + found[2]
        after = _SEGMENT.split(text[found.end() :], maxsplit=1)[0]
        return "" if re.search(r"\w", _CODE.sub("", after)) else found[1] + found[2]

    return _CODE.sub(replace_code, text)


_TEXTS: dict[str, Callable[[str, Names], str]] = {
    "mrkdwn": _replace_in_mrkdwn,
    "plain_text": _replace_in_text,
    "text": _replace_in_text,
    "link": _replace_in_text,
    "raw_text": _replace_in_text,
}
