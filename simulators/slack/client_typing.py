"""Converts typed text as Slack's clients do: escaping, mentions, smart punctuation, rich text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulators.slack.models import Channel

if TYPE_CHECKING:
    from simulators.slack.state import Workspace


Json = dict[str, Any]
_TOKEN = re.compile(r"<(?:@|#|!)[^<>]*>")
_LINK = re.compile(r"https?://[^\s<>|]+")
_NAME = re.compile(r"(?<![\w<])([@#])([\w.-]+)")
_RICH = re.compile(r"<@(U\w+)(?:\|[^>]*)?>|<(https?://[^|>]+)(?:\|([^>]*))?>")


def apply_smart_punctuation(text: str) -> str:
    """Correct text as macOS and iOS do: curly quotes, and dashes for double hyphens."""
    text = text.replace("--", "—")
    text = re.sub(r'(^|[\s(=\[])"', "\\1“", text).replace('"', "”")
    return re.sub(r"(^|[\s(=\[])'", "\\1‘", text).replace("'", "’")


def escape_text(text: str, world: Workspace, *, command: bool) -> str:
    """Return text with entities, `<url>`, and names as `<@U…>`; in a command with their label, `<@U…|name>`."""
    kept = [found[0] for found in _TOKEN.finditer(text)]
    pieces = [_escape_piece(piece, world, command) for piece in _TOKEN.split(text)]
    return "".join(piece + token for piece, token in zip(pieces, [*kept, ""], strict=True))


def _escape_piece(piece: str, world: Workspace, command: bool) -> str:
    safe = piece.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    parts: list[str] = []
    end = 0
    for link in _LINK.finditer(safe):
        parts += [_resolve_names(safe[end : link.start()], world, command), f"<{link[0]}>"]
        end = link.end()
    return "".join([*parts, _resolve_names(safe[end:], world, command)])


def _resolve_names(text: str, world: Workspace, command: bool) -> str:
    def replace(found: re.Match[str]) -> str:
        known = _find_person(world, found[2], command) if found[1] == "@" else _find_channel(world, found[2])
        return known or found[0]

    return _NAME.sub(replace, text)


def _find_person(world: Workspace, name: str, command: bool) -> str | None:
    found = next((p for p in world.profiles.values() if p.name == name), None)
    if found is None:
        return None
    return f"<@{found.id}|{found.name}>" if command else f"<@{found.id}>"


def _find_channel(world: Workspace, name: str) -> str | None:
    found: Channel | None = next((c for c in world.channels.values() if c.name == name), None)
    if found is None or found.kind not in ("channel", "group"):
        return None
    return f"<#{found.id}|{found.name if found.kind == 'channel' else ''}>"


def make_rich_text(text: str, block_id: str) -> list[Json]:
    """Return the rich_text block that a client makes of a message."""
    elements: list[Json] = []
    end = 0
    for found in _RICH.finditer(text):
        elements += _plain(text[end : found.start()])
        elements.append(_mention_or_link(found))
        end = found.end()
    elements += _plain(text[end:])
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": block_id, "elements": [section]}]


def _mention_or_link(found: re.Match[str]) -> Json:
    if found[1]:
        return {"type": "user", "user_id": found[1]}
    return {"type": "link", "url": found[2]} | ({"text": found[3]} if found[3] else {})


def _plain(text: str) -> list[Json]:
    decoded = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return [{"type": "text", "text": decoded}] if decoded else []
