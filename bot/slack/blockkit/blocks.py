"""Block Kit, built within Slack's limits: every builder escapes first and shortens after.

https://docs.slack.dev/reference/block-kit
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.slack.blockkit.mrkdwn import Mrkdwn, cut, escape, join, visible
from bot.slack.blockkit.mrkdwn import plain as words

Block = dict[str, Any]
TEXT_LIMIT = 3800
SECTION_LIMIT = 3000
FIELD_LIMIT = 2000
BLOCKS_LIMIT = 50
BUTTON_LIMIT = 75
OPTION_LIMIT = 75
OPTION_VALUE_LIMIT = 150
HEADER_LIMIT = 150
ID_LIMIT = 255
NOTHING = "–"


@dataclass(frozen=True)
class Message:
    """What is posted: `text` is one line for notifications and screen readers, safe to send as mrkdwn."""

    text: str
    blocks: tuple[Block, ...] = ()

    def digest(self) -> str:
        """A fingerprint of what is seen: block ids, which count drawings, are left out."""
        seen = [{key: value for key, value in block.items() if key != "block_id"} for block in self.blocks]
        written = json.dumps([self.text, seen], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def message(text: str, blocks: Iterable[Block | None] = ()) -> Message:
    """A message within 50 blocks and 3,800 characters; blocks that are None are left out."""
    kept = [block for block in blocks if block is not None]
    if len(kept) > BLOCKS_LIMIT:
        kept = [*kept[: BLOCKS_LIMIT - 1], context(f"… and {len(kept) - BLOCKS_LIMIT + 1} more", block_id="more")]
    line = " ".join(escape(printable(text)).split()) or NOTHING
    return Message(cut(Mrkdwn(line), TEXT_LIMIT), tuple(kept))


def mrkdwn(text: str, limit: int = SECTION_LIMIT) -> Block:
    """A text object that turns nothing into links or mentions by itself."""
    safe = escape(printable(text))
    return {"type": "mrkdwn", "text": cut(safe, limit) if safe.strip() else NOTHING, "verbatim": True}


def plain(text: str, limit: int) -> Block:
    """A text object without any markup; safe text is turned back into words first."""
    shown = " ".join(printable(words(text) if isinstance(text, Mrkdwn) else visible(text)).split()) or NOTHING
    return {"type": "plain_text", "text": shorten(shown, limit), "emoji": True}


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, the last one an ellipsis where something is missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def printable(text: str) -> str:
    """Without NUL and lone surrogates, which Slack's JSON does not take; safe text stays safe."""
    cleaned = text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return Mrkdwn(cleaned) if isinstance(text, Mrkdwn) else cleaned


def _with_id(block: Block, block_id: str | None) -> Block:
    return {**block, "block_id": block_id[:ID_LIMIT]} if block_id else block


def section(
    text: str, *, block_id: str | None = None, fields: Sequence[str] = (), accessory: Block | None = None
) -> Block:
    """Text with up to ten fields beside it and one element at its right."""
    block: Block = {"type": "section", "text": mrkdwn(text), "expand": True}
    if fields:
        block["fields"] = [mrkdwn(field, FIELD_LIMIT) for field in fields[:10]]
    if accessory:
        block["accessory"] = accessory
    return _with_id(block, block_id)


def header(text: str, *, block_id: str | None = None) -> Block:
    """A headline, plain text only."""
    return _with_id({"type": "header", "text": plain(text, HEADER_LIMIT)}, block_id)


def context(*parts: str, block_id: str | None = None) -> Block:
    """Small print; at most ten parts."""
    elements = [mrkdwn(part, SECTION_LIMIT) for part in parts[:10]]
    return _with_id({"type": "context", "elements": elements}, block_id)


def divider() -> Block:
    """A line."""
    return {"type": "divider"}


def preformatted(text: str, *, block_id: str | None = None, keep_end: bool = True) -> Block:
    """A fixed-width section; of a text that is too long its end is shown, or its beginning."""
    safe = text.replace("```", "ˋˋˋ")
    room = SECTION_LIMIT - len("```\n…\n\n```")
    body = _end(safe, room) if keep_end else cut(escape(safe), room)
    return _with_id({"type": "section", "text": mrkdwn(Mrkdwn(f"```\n{body}\n```")), "expand": True}, block_id)


def _end(text: str, limit: int) -> Mrkdwn:
    """The last lines that fit, escaped."""
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
    """A row of buttons, at most 25; None when there are none, for Slack takes no empty row."""
    kept = [element for element in elements if element is not None][:25]
    return _with_id({"type": "actions", "elements": kept}, block_id) if kept else None


def button(
    label: str,
    action_id: str,
    value: str = "",
    *,
    style: str | None = None,
    confirm: Confirm | None = None,
    url: str | None = None,
    reads: str | None = None,
) -> Block:
    """A button; `reads` is what a screen reader says in place of the label."""
    block: Block = {"type": "button", "text": plain(label, BUTTON_LIMIT), "action_id": action_id[:ID_LIMIT]}
    optional: Mapping[str, Any] = {
        "value": value[:2000] or None,
        "style": style if style in {"primary", "danger"} else None,
        "confirm": asking(confirm) if confirm else None,
        "url": url if url and re.match(r"https?://[^\s<>|]{1,2990}$", url) else None,
        "accessibility_label": plain(reads, BUTTON_LIMIT)["text"] if reads else None,
    }
    return block | {key: entry for key, entry in optional.items() if entry is not None}


def asking(confirm: Confirm) -> Block:
    """Block Kit's own question before a button acts."""
    return {
        "title": plain(confirm.title, 100),
        "text": plain(confirm.text, 300),
        "confirm": plain(confirm.yes, 30),
        "deny": plain(confirm.no, 30),
    }


def option(label: str, value: str) -> Block:
    """An entry of a menu; a label that is empty or too long is shortened, the value is not."""
    return {"text": plain(label, OPTION_LIMIT), "value": value}


def input_block(
    block_id: str, label: str, element: Block, *, hint: str | None = None, optional: bool = False
) -> Block:
    """A labelled input of a form."""
    block: Block = {
        "type": "input",
        "block_id": block_id[:ID_LIMIT],
        "label": plain(label, 2000),
        "element": element,
        "optional": optional,
    }
    return block | ({"hint": plain(hint, 2000)} if hint else {})


def lines(parts: Iterable[str]) -> Mrkdwn:
    """Pieces under each other; empty ones are left out."""
    return join([part for part in parts if part], "\n")


def dotted(parts: Iterable[str]) -> Mrkdwn:
    """Pieces beside each other; empty ones are left out."""
    return join([part for part in parts if part], " · ")


def packed(drawn: Sequence[Mrkdwn]) -> list[Mrkdwn]:
    """Lines put together as long as a section takes them."""
    packs: list[list[Mrkdwn]] = [[]]
    size = 0
    for line in drawn:
        kept = line if len(line) < SECTION_LIMIT - 50 else escape(shorten(words(line), 400))
        size += len(kept) + 1
        if packs[-1] and size > SECTION_LIMIT - 50:
            packs.append([])
            size = len(kept) + 1
        packs[-1].append(kept)
    return [lines(pack) for pack in packs]


@dataclass(frozen=True)
class Confirm:
    """Block Kit's own question before a button acts: title 100, text 300, yes and no 30 characters."""

    title: str
    text: str
    yes: str
    no: str = "Never mind"
