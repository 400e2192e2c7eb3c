"""What builds say of themselves, as people read it in an answer."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

from bot.builds.failures.annotation_text import LINES, words
from bot.slack.blockkit.blocks import dotted, lines, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, md

SHOWN = 8
# One alone is told at length: as much as a section takes.
ALONE, ALONE_LINES = 2500, 40
AMONG_OTHERS = 280
_EMOJI = MappingProxyType({"error": "❌", "warning": "🟠", "success": "✅", "info": "🔵"})


class Said(NamedTuple):
    """An annotation: `job` is the name of the job it belongs to, empty for the build's own; `html` its body."""

    context: str
    style: str
    job: str
    html: str


def annotation_lines(said: Sequence[Said]) -> Mrkdwn:
    """Each with its style, its context and its first lines quoted; one alone at length."""
    limit, most = (ALONE, ALONE_LINES) if len(said) == 1 else (AMONG_OTHERS, LINES)
    return lines(_one(item, limit, most) for item in said[:SHOWN])


def _one(said: Said, limit: int, most: int) -> Mrkdwn:
    style = bold(said.style or "info")
    head = md("{emoji} {style}", emoji=_EMOJI.get(said.style, "🔵"), style=style)
    context = code(shorten(said.context, 100)) if said.context else ""
    quoted = [md("> {line}", line=line) for line in words(said.html, limit, most).split("\n") if line]
    return lines([dotted([head, context, shorten(said.job, 100)]), *quoted])
