"""Says whom a message or a view calls, and where its links lead, as Slack's clients would read it.

https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

Json = dict[str, Any]
_ANGLED = re.compile(r"<([^<>|]*)(?:\|[^<>]*)?>")
_BARE = re.compile(r"\b(?:https?://|mailto:|www\.)[^\s<>|]+", re.IGNORECASE)
_MARKDOWN = re.compile(r"\]\(\s*<?([^()\s>]+)")


class Reach(NamedTuple):
    """`calls`: user ids, `!here`, `!channel`, `!everyone`, `!subteam^S…`; `links`: addresses; `channels`: ids."""

    calls: frozenset[str]
    links: frozenset[str]
    channels: frozenset[str]


def reach(text: str, blocks: list[Json] | None = None) -> Reach:
    """Of a message. Its text calls people beside blocks too; it is drawn, with its links, only without them."""
    signs = list(_mrkdwn(text, loose=not blocks))
    if blocks:
        signs = [sign for sign in signs if sign[0] == "call"]
        signs += [sign for block in blocks for sign in _node(block)]
    kinds = {
        kind: frozenset(value for each, value in signs if each == kind) for kind in ("call", "link", "channel")
    }
    return Reach(kinds["call"], kinds["link"], kinds["channel"])


def reach_of_view(view: Json) -> Reach:
    """Of a modal or a home tab."""
    return reach("", [view])


def _mrkdwn(text: str, *, loose: bool) -> Iterator[tuple[str, str]]:
    """Sequences in angle brackets; `loose`: bare addresses become links too."""
    for found in _ANGLED.finditer(text):
        yield from _sequence(found[1])
    if loose:
        yield from (("link", found[0]) for found in _BARE.finditer(_ANGLED.sub(" ", text)))


def _sequence(body: str) -> Iterator[tuple[str, str]]:
    if body.startswith("!date^"):
        parts = body.split("^", 3)
        if len(parts) == 4:
            yield "link", parts[3]
    elif body.startswith("!"):
        yield "call", body
    elif body.startswith("@"):
        yield "call", body[1:]
    elif body.startswith("#"):
        yield "channel", body[1:]
    elif body:
        yield "link", body.replace("&amp;", "&")


def _node(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for item in node:
            yield from _node(item)
    if not isinstance(node, dict):
        return
    yield from _leaf(node)
    for value in node.values():
        yield from _node(value)


def _leaf(node: Json) -> Iterator[tuple[str, str]]:
    match node.get("type"):
        case "mrkdwn":
            yield from _mrkdwn(str(node.get("text", "")), loose=not node.get("verbatim"))
        case "markdown":
            text = str(node.get("text", ""))
            yield from (("link", found[1]) for found in _MARKDOWN.finditer(text))
            yield from _mrkdwn(text, loose=True)
        case "user":
            yield "call", str(node.get("user_id"))
        case "usergroup":
            yield "call", f"!subteam^{node.get('usergroup_id')}"
        case "broadcast":
            yield "call", f"!{node.get('range')}"
        case "channel":
            yield "channel", str(node.get("channel_id"))
    for key in ("url", "image_url", "thumb_url", "title_url", "video_url"):
        if isinstance(node.get(key), str):
            yield "link", node[key]
