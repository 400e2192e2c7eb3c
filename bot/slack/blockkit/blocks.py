"""Builds Block Kit within Slack's limits: every builder escapes text first and then shortens it.

https://docs.slack.dev/reference/block-kit
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.runtime.json_types import JsonObject, JsonValue
from bot.slack.blockkit.mrkdwn import Mrkdwn, cut, escape, join, strip_markup, strip_unseen

Block: TypeAlias = JsonObject
View: TypeAlias = JsonObject
TEXT_LIMIT = 3800
SECTION_LIMIT = 3000
FIELD_LIMIT = 2000
BLOCKS_LIMIT = 50
BUTTON_LIMIT = 75
# Slack allows 80 characters in a display name.
NAME_LIMIT = 80
OPTION_LIMIT = 75
OPTION_VALUE_LIMIT = 150
HEADER_LIMIT = 150
ID_LIMIT = 255
NOTHING = "–"
# The action id of overflow menus.
OVERFLOW = "more"


@dataclass(frozen=True)
class Message:
    """A message to post; `text` is one line of safe mrkdwn for notifications and screen readers."""

    text: str
    blocks: tuple[Block, ...] = ()

    def digest(self) -> str:
        """Return a hash of what people see, without block IDs, which change with each revision."""
        seen = [{key: value for key, value in block.items() if key != "block_id"} for block in self.blocks]
        written = json.dumps([self.text, seen], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def message(text: str, blocks: Iterable[Block | None] = ()) -> Message:
    """Return a message of at most 50 blocks and 3,800 characters, without blocks that are None."""
    kept = [block for block in blocks if block is not None]
    if len(kept) > BLOCKS_LIMIT:
        kept = [*kept[: BLOCKS_LIMIT - 1], context(f"… and {len(kept) - BLOCKS_LIMIT + 1} more", block_id="more")]
    line = " ".join(escape(strip_unprintable(text)).split()) or NOTHING
    return Message(cut(Mrkdwn(line), TEXT_LIMIT), tuple(kept))


def restore_message(stored: JsonObject) -> Message:
    """Return a message that was stored as JSON."""
    blocks = stored["blocks"]
    kept = [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list | tuple) else []
    return Message(str(stored["text"]), tuple(kept))


def mrkdwn(text: str, limit: int = SECTION_LIMIT) -> Block:
    """Return an mrkdwn text object in which Slack doesn't turn plain text into links or mentions."""
    safe = escape(strip_unprintable(text))
    return {"type": "mrkdwn", "text": cut(safe, limit) if safe.strip() else NOTHING, "verbatim": True}


def plain_text(text: str, limit: int) -> Block:
    """Return a plain text object; markup is removed from safe mrkdwn first."""
    return {"type": "plain_text", "text": flatten_text(text, limit), "emoji": True}


def flatten_text(text: str, limit: int) -> str:
    """Return one line of plain text that is never empty; markup is removed from safe mrkdwn first."""
    words = strip_unprintable(strip_markup(text) if isinstance(text, Mrkdwn) else strip_unseen(text)).split()
    return shorten(" ".join(words) or NOTHING, limit)


def shorten(text: str, limit: int) -> str:
    """Cut text to `limit` characters, ending in an ellipsis if something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def strip_unprintable(text: str) -> str:
    """Remove NUL and lone surrogates, which Slack's JSON doesn't accept; safe text stays safe."""
    cleaned = text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return Mrkdwn(cleaned) if isinstance(text, Mrkdwn) else cleaned


def _with_id(block: Block, block_id: str | None) -> Block:
    return {**block, "block_id": block_id[:ID_LIMIT]} if block_id else block


def section(
    text: str, *, block_id: str | None = None, fields: Sequence[str] = (), accessory: Block | None = None
) -> Block:
    """Return a section with up to ten fields and one element at its right."""
    block: dict[str, JsonValue] = {"type": "section", "text": mrkdwn(text), "expand": True}
    if fields:
        block["fields"] = [mrkdwn(field, FIELD_LIMIT) for field in fields[:10]]
    if accessory:
        block["accessory"] = accessory
    return _with_id(block, block_id)


def header(text: str, *, block_id: str | None = None) -> Block:
    """Return a heading in plain text."""
    return _with_id({"type": "header", "text": plain_text(text, HEADER_LIMIT)}, block_id)


def context(*parts: str, block_id: str | None = None) -> Block:
    """Return small print of at most ten parts."""
    elements = [mrkdwn(part, SECTION_LIMIT) for part in parts[:10]]
    return _with_id({"type": "context", "elements": elements}, block_id)


def divider() -> Block:
    """Return a horizontal line."""
    return {"type": "divider"}


def preformatted(text: str, *, block_id: str | None = None, keep_end: bool = True) -> Block:
    """Return a fixed-width section, cut to the end of a long text, or to its beginning."""
    safe = text.replace("```", "ˋˋˋ")
    room = SECTION_LIMIT - len("```\n…\n\n```")
    body = _keep_end(safe, room) if keep_end else cut(escape(safe), room)
    return _with_id({"type": "section", "text": mrkdwn(Mrkdwn(f"```\n{body}\n```")), "expand": True}, block_id)


def _keep_end(text: str, limit: int) -> Mrkdwn:
    """Return the last lines that fit, escaped."""
    if len(whole := escape(text)) <= limit:
        return whole
    kept: list[str] = []
    size = 0
    for character in reversed(text[-limit:]):
        size += len(escape(character))
        if size > limit:
            break
        kept.append(escape(character))
    tail = "".join(reversed(kept))
    _, newline, lines = tail.partition("\n")
    return Mrkdwn("…\n" + (lines if newline and lines else tail))


def actions(elements: Iterable[Block | None], *, block_id: str | None = None) -> Block | None:
    """Return a row of at most 25 buttons, or None without buttons, as Slack refuses an empty row."""
    kept = [element for element in elements if element is not None][:25]
    return _with_id({"type": "actions", "elements": kept}, block_id) if kept else None


def list_elements(block: Block) -> list[Block]:
    """Return the elements of a row of buttons or of small print; none for other blocks."""
    elements = block.get("elements")
    return [each for each in elements if isinstance(each, Mapping)] if isinstance(elements, list) else []


def button(
    label: str,
    action_id: str,
    value: str = "",
    *,
    style: str | None = None,
    confirm: Confirm | None = None,
    url: str | None = None,
    accessibility_label: str | None = None,
) -> Block:
    """Return a button; screen readers read `accessibility_label` instead of the label, and so with it."""
    block: Block = {"type": "button", "text": plain_text(label, BUTTON_LIMIT), "action_id": action_id[:ID_LIMIT]}
    optional: Block = {
        "value": value[:2000] or None,
        "style": style if style in {"primary", "danger"} else None,
        "confirm": confirm_dialog(confirm) if confirm else None,
        "url": url if url and re.match(r"https?://[^\s<>|]{1,2990}$", url) else None,
        "accessibility_label": _name_button(label, accessibility_label) if accessibility_label else None,
    }
    return {**block, **{key: entry for key, entry in optional.items() if entry is not None}}


def overflow(buttons: Iterable[Block | None]) -> Block | None:
    """Return the menu behind “⋯” with an option in place of each of these buttons, at most five; None without any.

    Its options hold the buttons' action ids and values: see `read_overflow_value`.
    """
    options = [
        {"text": entry["text"], "value": f"{entry['action_id']}:{entry.get('value', '')}"}
        for entry in buttons
        if entry is not None
    ]
    return {"type": "overflow", "action_id": OVERFLOW, "options": options[:5]} if options else None


def read_overflow_value(value: str) -> tuple[str, str]:
    """Return the action id and the value of the button that an option stands for."""
    action_id, _, own = value.partition(":")
    return action_id, own


def _name_button(label: str, name: str) -> str:
    """Return a name that has the visible label in it: people who speak to their computer say what they see.

    https://www.w3.org/WAI/WCAG22/Understanding/label-in-name
    """
    whole = name if label.casefold() in name.casefold() else f"{label}: {name}"
    return flatten_text(whole, BUTTON_LIMIT)


def confirm_dialog(confirm: Confirm) -> Block:
    """Return the confirmation dialog of a button."""
    return {
        "title": plain_text(confirm.title, 100),
        "text": plain_text(confirm.text, 300),
        "confirm": plain_text(confirm.yes, 30),
        "deny": plain_text(confirm.no, 30),
    }


def option(label: str, value: str) -> Block:
    """Return a menu option; the label is shortened if necessary, the value isn't."""
    return {"text": plain_text(label, OPTION_LIMIT), "value": value}


def input_block(
    block_id: str, label: str, element: Block, *, hint: str | None = None, optional: bool = False
) -> Block:
    """Return a labelled form input."""
    block: Block = {
        "type": "input",
        "block_id": block_id[:ID_LIMIT],
        "label": plain_text(label, 2000),
        "element": element,
        "optional": optional,
    }
    return {**block, "hint": plain_text(hint, 2000)} if hint else block


def join_lines(parts: Iterable[str]) -> Mrkdwn:
    """Join parts with line breaks, leaving out empty ones."""
    return join([part for part in parts if part], "\n")


def join_dotted(parts: Iterable[str]) -> Mrkdwn:
    """Join parts with dots, leaving out empty ones."""
    return join([part for part in parts if part], " · ")


def pack_lines(rows: Sequence[Mrkdwn]) -> list[Mrkdwn]:
    """Combine lines into as few texts as possible that each fit a section."""
    packs: list[list[Mrkdwn]] = [[]]
    size = 0
    for line in rows:
        kept = line if len(line) < SECTION_LIMIT - 50 else escape(shorten(strip_markup(line), 400))
        size += len(kept) + 1
        if packs[-1] and size > SECTION_LIMIT - 50:
            packs.append([])
            size = len(kept) + 1
        packs[-1].append(kept)
    return [join_lines(pack) for pack in packs]


@dataclass(frozen=True)
class Confirm:
    """Confirmation dialog of a button; Slack limits title to 100, text to 300, and yes and no to 30 characters."""

    title: str
    text: str
    yes: str
    no: str = "Never mind"
