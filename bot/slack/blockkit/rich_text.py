"""Converts safe mrkdwn to rich text and back. Slack parses no markup in rich text, so text from outside stays text.

https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, LiteralString, cast

from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, escape, link, mention, unescape

Element = dict[str, Any]
# Markup that our own builders write; in text from outside every `<` has been escaped.
_PIECE = re.compile(
    r"<!date\^(?P<at>\d+)\^(?P<form>[^|<>^]*)(?:\^[^|<>]*)?\|(?P<utc>[^<>]*)>"
    r"|<@(?P<user>[UW][A-Z0-9]+)>"
    r"|<#(?P<channel>[CGD][A-Z0-9]+)(?:\|[^<>]*)?>"
    r"|<(?P<url>https?://[^<>|]+)\|(?P<label>[^<>]*)>"
    r"|<(?P<other>[^<>]*)>"
    r"|`(?P<code>[^`\n]+)`"
    r"|(?<![\w*])\*(?P<bold>[^*\n<>`]+)\*(?![\w*])"
)


def parse_elements(text: Mrkdwn) -> list[Element]:
    """Return equivalent elements: text, links, people, channels and dates, with code and bold as styles."""
    return [element for element in _split_pieces(text) if element.get("text") != ""]


def _split_pieces(text: str) -> Iterator[Element]:
    end = 0
    for found in _PIECE.finditer(text):
        yield _text(text[end : found.start()])
        yield _element(found)
        end = found.end()
    yield _text(text[end:])


def _element(found: re.Match[str]) -> Element:
    part = found.groupdict()
    if part["at"]:
        fallback = unescape(part["utc"])
        return {"type": "date", "timestamp": int(part["at"]), "format": part["form"], "fallback": fallback}
    if part["user"]:
        return {"type": "user", "user_id": part["user"]}
    if part["channel"]:
        return {"type": "channel", "channel_id": part["channel"]}
    if part["url"]:
        return _link(unescape(part["url"]), part["label"])
    if part["code"]:
        return _text(part["code"], "code")
    return _text(part["bold"], "bold") if part["bold"] else _text((part["other"] or "").rpartition("|")[2])


def _link(url: str, label: str) -> Element:
    if re.fullmatch(r"`[^`]+`", label):
        return {"type": "link", "url": url, "text": unescape(label[1:-1]), "style": {"code": True}}
    return {"type": "link", "url": url, "text": unescape(label) or url}


def _text(escaped: str, style: str | None = None) -> Element:
    said = {"type": "text", "text": unescape(escaped)}
    return {**said, "style": {style: True}} if style else said


def mrkdwn(parts: Sequence[Mapping[str, Any]]) -> Mrkdwn:
    """Return elements as safe mrkdwn."""
    return Mrkdwn("".join(map(_written, parts)))


def _written(part: Mapping[str, Any]) -> str:
    match part["type"]:
        case "date":
            form = cast(LiteralString, part["format"])
            return f"<!date^{part['timestamp']}^{form}|{escape(part['fallback'])}>"
        case "user":
            return mention(part["user_id"])
        case "channel":
            return f"<#{part['channel_id']}>"
        case "link":
            return link(part["url"], _styled(part))
        case _:
            return _styled(part)


def _styled(part: Mapping[str, Any]) -> Mrkdwn:
    style = part.get("style", {})
    if style.get("code"):
        return code(part["text"])
    return bold(part["text"]) if style.get("bold") else escape(part["text"])


def words(parts: Sequence[Mapping[str, Any]]) -> str:
    """Return the text that people read, without markup."""
    return "".join(str(part.get("text") or part.get("fallback") or part.get("user_id") or "") for part in parts)


def cut(parts: Sequence[Element], limit: int) -> list[Element]:
    """Cut elements to `limit` characters of text, ending in an ellipsis if something was cut."""
    kept: list[Element] = []
    left = limit
    for part in parts:
        size = len(words([part]))
        if size > left:
            return [*kept, *([_shortened(part, left)] if "text" in part and left > 1 else [])]
        kept.append(part)
        left -= size
    return kept


def _shortened(part: Element, limit: int) -> Element:
    return {**part, "text": part["text"][: limit - 1] + "…"}
