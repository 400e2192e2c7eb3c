"""Converts safe mrkdwn to rich text, where Slack parses no markup, and back.

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
        yield _text_element(text[end : found.start()])
        yield _parse_element(found)
        end = found.end()
    yield _text_element(text[end:])


def _parse_element(found: re.Match[str]) -> Element:
    part = found.groupdict()
    if part["at"]:
        fallback = unescape(part["utc"])
        return {"type": "date", "timestamp": int(part["at"]), "format": part["form"], "fallback": fallback}
    if part["user"]:
        return {"type": "user", "user_id": part["user"]}
    if part["channel"]:
        return {"type": "channel", "channel_id": part["channel"]}
    if part["url"]:
        return _link_element(unescape(part["url"]), part["label"])
    if part["code"]:
        return _text_element(part["code"], "code")
    return (
        _text_element(part["bold"], "bold")
        if part["bold"]
        else _text_element((part["other"] or "").rpartition("|")[2])
    )


def _link_element(url: str, label: str) -> Element:
    if re.fullmatch(r"`[^`]+`", label):
        return {"type": "link", "url": url, "text": unescape(label[1:-1]), "style": {"code": True}}
    return {"type": "link", "url": url, "text": unescape(label) or url}


def _text_element(escaped: str, style: str | None = None) -> Element:
    element = {"type": "text", "text": unescape(escaped)}
    return {**element, "style": {style: True}} if style else element


def render_mrkdwn(parts: Sequence[Mapping[str, Any]]) -> Mrkdwn:
    """Return elements as safe mrkdwn."""
    return Mrkdwn("".join(map(_render_element, parts)))


def _render_element(part: Mapping[str, Any]) -> str:
    match part["type"]:
        case "date":
            form = cast(LiteralString, part["format"])
            return f"<!date^{part['timestamp']}^{form}|{escape(part['fallback'])}>"
        case "user":
            return mention(part["user_id"])
        case "channel":
            return f"<#{part['channel_id']}>"
        case "link":
            return link(part["url"], _render_styled(part))
        case _:
            return _render_styled(part)


def _render_styled(part: Mapping[str, Any]) -> Mrkdwn:
    style = part.get("style", {})
    if style.get("code"):
        return code(part["text"])
    return bold(part["text"]) if style.get("bold") else escape(part["text"])


def extract_text(parts: Sequence[Mapping[str, Any]]) -> str:
    """Return the text that people read, without markup."""
    return "".join(str(part.get("text") or part.get("fallback") or part.get("user_id") or "") for part in parts)


def cut_elements(parts: Sequence[Element], limit: int) -> list[Element]:
    """Cut elements to `limit` characters of text, ending in an ellipsis if something was cut."""
    kept: list[Element] = []
    left = limit
    for part in parts:
        size = len(extract_text([part]))
        if size > left:
            return [*kept, *([_shorten_element(part, left)] if "text" in part and left > 1 else [])]
        kept.append(part)
        left -= size
    return kept


def _shorten_element(part: Element, limit: int) -> Element:
    return {**part, "text": part["text"][: limit - 1] + "…"}
