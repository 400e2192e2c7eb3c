"""Buildkite's emoji codes as Slack shows them.

Buildkite's labels hold codes such as `:rocket:` and `:rspec:`. What has a character of its own becomes that; what
is only a picture at Buildkite is left out where words after it say what it is, and else is its name. Codes that
Buildkite does not know stay as they are: Slack draws those that it has. Code, logs and addresses are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.mrkdwn import visible

_CODE = re.compile(r":([a-z0-9_+-]{0,63}[a-z+-][a-z0-9_+-]{0,63}):( ?)")
_PICTURE = re.compile(r"/unicode/([0-9a-f]{2,6}(?:-[0-9a-f]{2,6})*)\.(?:png|svg|gif)(?:\?|$)", re.IGNORECASE)
# What is not to be touched in mrkdwn: code, and whatever stands in angle brackets but the label of a link.
_TOKEN = re.compile(r"```.*?```|`[^`\n]*`|<(?P<to>https?:[^<>|]*)\|(?P<label>[^<>]*)>|<[^<>]*>", re.DOTALL)
_SEGMENT = re.compile(r" · |\n")


class NamedEmoji(NamedTuple):
    """An emoji of the organization: its names, and the character that it is; empty for a picture."""

    names: tuple[str, ...]
    character: str


Names = Mapping[str, str]


def character(url: str) -> str:
    """The character of a picture's address: `…/unicode/1f680.png` is 🚀; empty where it is no character's."""
    found = _PICTURE.search(url)
    points = [int(point, 16) for point in found[1].split("-")] if found else []
    if not all(0x20 < point < 0xD800 or 0xE000 <= point <= 0x10FFFF for point in points):
        return ""
    made = "".join(map(chr, points))
    return made if visible(made) == made and not set(made) & set("<>&`*_~|") else ""


def names(emoji: Iterable[NamedEmoji]) -> dict[str, str]:
    """The character of every name and alias; empty for those that are pictures.

    One that is longer than its code would be, too: what was cut to Slack's limits must not grow.
    """
    known = [(name, item.character) for item in emoji for name in item.names]
    return {name: character if len(character) <= len(name) + 2 else "" for name, character in known}


def coded(message: Message) -> bool:
    """Whether anything in it may be a code."""
    return _CODE.search(str(message.text)) is not None or any(_CODE.search(str(block)) for block in message.blocks)


def shown(message: Message, known: Names) -> Message:
    """The same message with the codes of the organization as people read them."""
    blocks = tuple(_drawn(block, known) for block in message.blocks)
    return Message(_mrkdwn(message.text, known), blocks)


def _drawn(node: Any, known: Names) -> Any:
    """Texts of every kind, wherever they stand; values, ids and addresses stay."""
    if isinstance(node, list | tuple):
        return [_drawn(item, known) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("text"), str):
        read = _TEXTS.get(str(node.get("type")))
        code = (node.get("style") or {}).get("code") if isinstance(node.get("style"), dict) else False
        return {**node, "text": read(node["text"], known)} if read and not code else node
    return {key: _drawn(value, known) if isinstance(value, dict | list) else value for key, value in node.items()}


def _mrkdwn(text: str, known: Names) -> str:
    drawn, end = [], 0
    for found in _TOKEN.finditer(text):
        drawn += [_plain(text[end : found.start()], known), _token(found, known)]
        end = found.end()
    return "".join([*drawn, _plain(text[end:], known)])


def _token(found: re.Match[str], known: Names) -> str:
    return f"<{found['to']}|{_plain(found['label'], known)}>" if found["label"] else found[0]


def _plain(text: str, known: Names) -> str:
    """Each code of ours; one that is a picture goes where words after it say what it is."""

    def said(found: re.Match[str]) -> str:
        there = known.get(found[1])
        if there is None:
            return found[0]
        if there:
            return there + found[2]
        after = _SEGMENT.split(text[found.end() :], maxsplit=1)[0]
        return "" if re.search(r"\w", _CODE.sub("", after)) else found[1] + found[2]

    return _CODE.sub(said, text)


_TEXTS: dict[str, Callable[[str, Names], str]] = {
    "mrkdwn": _mrkdwn,
    "plain_text": _plain,
    "text": _plain,
    "link": _plain,
    "raw_text": _plain,
}
