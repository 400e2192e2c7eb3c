"""Slack's mrkdwn, written so that text from outside can never mention, link or ping.

https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import LiteralString

from bot.runtime.redaction import mask_tokens

_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_ELLIPSIS = "…"
# Control characters, and those that are not seen: a name that holds one looks like another name.
# https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


class Mrkdwn(str):
    """Text that is already safe: whatever came from outside in it has been escaped."""

    __slots__ = ()


def escape(text: str) -> Mrkdwn:
    """Escape the three characters that Slack decodes, take out what is not seen and what is secret.

    Safe text passes unchanged.
    """
    if isinstance(text, Mrkdwn):
        return text
    return Mrkdwn(visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def visible(text: str) -> str:
    """Text from outside without control characters, marks that turn its direction, tokens and keys."""
    return mask_tokens(_UNSEEN.sub("", text))


def md(template: LiteralString, /, **values: object) -> Mrkdwn:
    """Fill a template of ours; every value is escaped unless it is `Mrkdwn`."""
    return Mrkdwn(template.format(**{name: escape(_text(value)) for name, value in values.items()}))


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def code(text: str) -> Mrkdwn:
    """Inline code; a backtick would end it, so it becomes a look-alike (U+02CB).

    Names stand in it: what is not seen in one is shown as U+FFFD, so that no name looks like another.
    """
    flat = " ".join(_UNSEEN.sub("\ufffd", text.replace("`", "ˋ")).split()) or " "
    return Mrkdwn(f"`{escape(flat)}`")


def block(text: str) -> Mrkdwn:
    """A preformatted block; three backticks in a row would end it."""
    return Mrkdwn(f"```\n{escape(text.replace('```', 'ˋˋˋ'))}\n```")


def bold(text: str) -> Mrkdwn:
    """Bold; asterisks inside would end it."""
    return Mrkdwn(f"*{escape(text.replace('*', '∗'))}*")


def link(url: str, label: str) -> Mrkdwn:
    """A link with a label of ours; anything but http(s) is shown as text."""
    shown = escape(label.replace("|", "¦").replace("\n", " "))
    if not re.match(r"https?://[^\s<>|]+$", url):
        return shown
    return Mrkdwn(f"<{url.replace('&', '&amp;')}|{shown}>")


def mention(user: str) -> Mrkdwn:
    """A person by id; ids that are not Slack's are shown as text."""
    return Mrkdwn(f"<@{user}>") if re.fullmatch(r"[UW][A-Z0-9]+", user) else escape(user)


def when(moment: datetime, form: LiteralString = "{time}") -> Mrkdwn:
    """A moment in the reader's own zone; the fallback is UTC."""
    fallback = moment.strftime("%Y-%m-%d %H:%M UTC")
    return Mrkdwn(f"<!date^{int(moment.timestamp())}^{form}|{fallback}>")


def join(parts: Iterable[str], separator: LiteralString = "") -> Mrkdwn:
    """Put pieces together, escaping those that are not safe yet."""
    return Mrkdwn(separator.join(escape(part) for part in parts))


def cut(text: Mrkdwn, limit: int) -> Mrkdwn:
    """Shorten to `limit` characters without ending inside an entity or a link."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    amp = kept.rfind("&")
    if amp >= 0 and not _ENTITY.match(kept, amp) and _ENTITY.match(text, amp):
        kept = kept[:amp]
    opened, closed = kept.rfind("<"), kept.rfind(">")
    return Mrkdwn((kept[:opened] if opened > closed else kept) + _ELLIPSIS)


_TOKEN = re.compile(r"<[^<>|]*\|([^<>]*)>|<([^<>]*)>")


def plain(text: Mrkdwn) -> str:
    """The words alone, for one-line summaries and plain_text objects: no links, no stars, unescaped."""
    words = _TOKEN.sub(lambda found: found.group(1) or found.group(2) or "", text)
    return unescape(words.replace("*", "").replace("`", ""))


def unescape(text: str) -> str:
    """The three characters that were escaped, as they were."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
