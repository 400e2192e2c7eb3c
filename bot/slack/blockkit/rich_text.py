"""Converts safe mrkdwn to rich text, where Slack parses no markup, and back.

https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, escape, link, mention, unescape

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


class TextStyle(Struct, frozen=True, omit_defaults=True):
    """Styles of a text."""

    code: bool = False
    bold: bool = False


PLAIN = TextStyle()


class TextElement(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="text"):
    """A text without markup."""

    text: str
    style: TextStyle = PLAIN


class LinkElement(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="link"):
    """A link with its label."""

    url: str
    text: str
    style: TextStyle = PLAIN


class UserElement(Struct, frozen=True, tag_field="type", tag="user"):
    """A mention of a person."""

    user_id: str


class ChannelElement(Struct, frozen=True, tag_field="type", tag="channel"):
    """A link to a channel."""

    channel_id: str


class DateElement(Struct, frozen=True, tag_field="type", tag="date"):
    """A time, shown in the reader's time zone."""

    timestamp: int
    format: str
    fallback: str


class EmojiElement(Struct, frozen=True, tag_field="type", tag="emoji"):
    """An emoji by its name in Slack."""

    name: str


Element: TypeAlias = TextElement | LinkElement | UserElement | ChannelElement | DateElement | EmojiElement


def parse_elements(text: Mrkdwn) -> list[Element]:
    """Return equivalent elements: text, links, people, channels and dates, with code and bold as styles."""
    return [element for element in _split_pieces(text) if element != TextElement("")]


def _split_pieces(text: str) -> Iterator[Element]:
    end = 0
    for found in _PIECE.finditer(text):
        yield TextElement(unescape(text[end : found.start()]))
        yield _parse_element(found)
        end = found.end()
    yield TextElement(unescape(text[end:]))


def _parse_element(found: re.Match[str]) -> Element:
    part = found.groupdict()
    if part["at"]:
        return DateElement(int(part["at"]), part["form"], unescape(part["utc"]))
    if part["user"]:
        return UserElement(part["user"])
    if part["channel"]:
        return ChannelElement(part["channel"])
    if part["url"]:
        return _parse_link(unescape(part["url"]), part["label"])
    if part["code"]:
        return TextElement(unescape(part["code"]), TextStyle(code=True))
    if part["bold"]:
        return TextElement(unescape(part["bold"]), TextStyle(bold=True))
    return TextElement(unescape((part["other"] or "").rpartition("|")[2]))


def _parse_link(url: str, label: str) -> LinkElement:
    if re.fullmatch(r"`[^`]+`", label):
        return LinkElement(url, unescape(label[1:-1]), TextStyle(code=True))
    return LinkElement(url, unescape(label) or url)


def render_mrkdwn(elements: Sequence[Element]) -> Mrkdwn:
    """Return elements as safe mrkdwn."""
    return Mrkdwn("".join(map(_render_element, elements)))


def _render_element(element: Element) -> str:
    match element:
        case DateElement():
            return f"<!date^{element.timestamp}^{element.format}|{escape(element.fallback)}>"
        case UserElement():
            return mention(element.user_id)
        case ChannelElement():
            return f"<#{element.channel_id}>"
        case EmojiElement():
            return f":{element.name}:"
        case LinkElement():
            return link(element.url, _render_styled(element))
        case TextElement():
            return _render_styled(element)


def _render_styled(element: TextElement | LinkElement) -> Mrkdwn:
    if element.style.code:
        return code(element.text)
    return bold(element.text) if element.style.bold else escape(element.text)


def extract_text(elements: Sequence[Element]) -> str:
    """Return the text that people read, without markup."""
    return "".join(map(_extract_element_text, elements))


def _extract_element_text(element: Element) -> str:
    match element:
        case TextElement() | LinkElement():
            return element.text
        case DateElement():
            return element.fallback
        case UserElement():
            return element.user_id
        case EmojiElement():
            return f":{element.name}:"
        case ChannelElement():
            return ""


def cut_elements(elements: Sequence[Element], limit: int) -> list[Element]:
    """Cut elements to `limit` characters of text, ending in an ellipsis if something was cut."""
    kept: list[Element] = []
    left = limit
    for element in elements:
        size = len(_extract_element_text(element))
        if size > left:
            return [*kept, *_shorten_element(element, left)]
        kept.append(element)
        left -= size
    return kept


def _shorten_element(element: Element, limit: int) -> list[Element]:
    """Return the element with a shorter text; nothing if it has no text, or no room for any."""
    if isinstance(element, TextElement | LinkElement) and limit > 1:
        return [replace(element, text=element.text[: limit - 1] + "…")]
    return []
