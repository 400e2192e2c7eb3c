"""Annotations as they are shown in a reply."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

from bot.builds.failures.annotation_text import LINES, extract_text
from bot.slack.blockkit.blocks import join_dotted, join_lines, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, md

SHOWN_LIMIT = 8
# Characters and lines of a single annotation: as much as a section block takes.
ALONE, ALONE_LINES = 2500, 40
AMONG_OTHERS = 280
_EMOJI = MappingProxyType({"error": "❌", "warning": "🟠", "success": "✅", "info": "🔵"})


class ShownAnnotation(NamedTuple):
    """An annotation to show: `job` is the name of its job, empty for the build's own; `html` is its body."""

    context: str
    style: str
    job: str
    html: str


def render_annotations(annotations: Sequence[ShownAnnotation]) -> Mrkdwn:
    """Return each annotation with its style, its context and its first lines; a single one at length."""
    limit, line_limit = (ALONE, ALONE_LINES) if len(annotations) == 1 else (AMONG_OTHERS, LINES)
    return join_lines(
        _render_annotation(annotation, limit, line_limit) for annotation in annotations[:SHOWN_LIMIT]
    )


def _render_annotation(annotation: ShownAnnotation, limit: int, line_limit: int) -> Mrkdwn:
    style = bold(annotation.style or "info")
    head = md("{emoji} {style}", emoji=_EMOJI.get(annotation.style, "🔵"), style=style)
    context = code(shorten(annotation.context, 100)) if annotation.context else ""
    quoted = [
        md("> {line}", line=line) for line in extract_text(annotation.html, limit, line_limit).split("\n") if line
    ]
    return join_lines([join_dotted([head, context, shorten(annotation.job, 100)]), *quoted])
