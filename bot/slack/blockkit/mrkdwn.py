"""Formats Slack's mrkdwn so that text from outside can never create links, mentions or notifications.

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
# Control and invisible characters: with them one name could look like another.
# https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


class Mrkdwn(str):
    """Safe text, in which everything from outside has been escaped."""

    __slots__ = ()


def escape(text: str) -> Mrkdwn:
    """Escape Slack's three special characters, and remove invisible characters and secrets.

    Safe text is returned unchanged.
    """
    if isinstance(text, Mrkdwn):
        return text
    return Mrkdwn(strip_unseen(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def strip_unseen(text: str) -> str:
    """Remove control characters, direction marks, tokens and keys from text from outside."""
    return mask_tokens(_UNSEEN.sub("", text))


def show_unseen(text: str) -> str:
    """Return a text whose invisible characters are U+FFFD, so that no name looks like another."""
    return _UNSEEN.sub("\ufffd", text)


def md(template: LiteralString, /, **values: object) -> Mrkdwn:
    """Fill a template; every value is escaped unless it is `Mrkdwn`."""
    return Mrkdwn(template.format(**{name: escape(_to_text(value)) for name, value in values.items()}))


def _to_text(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def code(text: str) -> Mrkdwn:
    """Return inline code. A backtick would end it, so it becomes a look-alike (U+02CB).

    Names are shown as code: invisible characters become U+FFFD, so that no name looks like another.
    """
    flat = " ".join(show_unseen(text.replace("`", "ˋ")).split()) or " "
    return Mrkdwn(f"`{escape(flat)}`")


def code_block(text: str) -> Mrkdwn:
    """Return a preformatted block. Three backticks would end it, so they become look-alikes."""
    return Mrkdwn(f"```\n{escape(text.replace('```', 'ˋˋˋ'))}\n```")


def bold(text: str) -> Mrkdwn:
    """Return bold text. Asterisks would end it, so they become look-alikes."""
    return Mrkdwn(f"*{escape(text.replace('*', '∗'))}*")


def link(url: str, label: str) -> Mrkdwn:
    """Return a link; an address that isn't http(s) is dropped and its label shown as text."""
    safe_label = escape(label.replace("|", "¦").replace("\n", " "))
    if not re.match(r"https?://[^\s<>|]+$", url):
        return safe_label
    return Mrkdwn(f"<{url.replace('&', '&amp;')}|{safe_label}>")


def mention(user: str) -> Mrkdwn:
    """Return a mention of a person; an ID that isn't Slack's is shown as text."""
    return Mrkdwn(f"<@{user}>") if re.fullmatch(r"[UW][A-Z0-9]+", user) else escape(user)


def mention_group(group: str) -> Mrkdwn:
    """Return a mention of a user group; an ID that isn't Slack's is shown as text."""
    return Mrkdwn(f"<!subteam^{group}>") if re.fullmatch(r"S[A-Z0-9]+", group) else escape(group)


def local_time(moment: datetime, form: LiteralString = "{time}") -> Mrkdwn:
    """Return a time that Slack shows in the reader's own time zone; the fallback is UTC."""
    fallback = moment.strftime("%Y-%m-%d %H:%M UTC")
    return Mrkdwn(f"<!date^{int(moment.timestamp())}^{form}|{fallback}>")


def join(parts: Iterable[str], separator: LiteralString = "") -> Mrkdwn:
    """Join parts, escaping those that aren't safe yet."""
    return Mrkdwn(separator.join(escape(part) for part in parts))


def cut(text: Mrkdwn, limit: int) -> Mrkdwn:
    """Cut safe text to `limit` characters without ending inside an entity or a link."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    amp = kept.rfind("&")
    if amp >= 0 and not _ENTITY.match(kept, amp) and _ENTITY.match(text, amp):
        kept = kept[:amp]
    opened, closed = kept.rfind("<"), kept.rfind(">")
    return Mrkdwn((kept[:opened] if opened > closed else kept) + _ELLIPSIS)


_TOKEN = re.compile(r"<[^<>|]*\|([^<>]*)>|<([^<>]*)>")


def strip_markup(text: Mrkdwn) -> str:
    """Return the text without markup and unescaped, for one-line summaries and plain text objects."""
    words = _TOKEN.sub(lambda found: found.group(1) or found.group(2) or "", text)
    return unescape(words.replace("*", "").replace("`", ""))


def unescape(text: str) -> str:
    """Restore the three escaped characters."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
