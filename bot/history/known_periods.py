"""Calculates with the periods for which every ended build is recorded, and with the gaps between them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

Span = tuple[datetime, datetime]
Spans = tuple[Span, ...]
EVERYTHING = "*"


def merge_spans(spans: Iterable[Span]) -> Spans:
    """Return the spans in order, those that touch or overlap merged."""
    merged: list[Span] = []
    for since, until in sorted(span for span in spans if span[0] < span[1]):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until))
        else:
            merged.append((since, until))
    return tuple(merged)


def find_gaps(since: datetime, until: datetime, known: Iterable[Span]) -> Spans:
    """Return the parts of that time outside all known spans, newest first."""
    gaps: list[Span] = []
    start = since
    for begin, end in merge_spans(known):
        if begin > start:
            gaps.append((start, min(begin, until)))
        start = max(start, end)
    gaps.append((start, until))
    return tuple(span for span in reversed(gaps) if span[0] < span[1])


def parse_spans(stored: str | None) -> Mapping[str, Spans]:
    """Return spans by scope (a pipeline, or `*` for all), as `format_spans` wrote them."""
    scopes = json.loads(stored) if stored else {}
    return {scope: tuple(_parse_span(*span) for span in spans) for scope, spans in scopes.items()}


def format_spans(scopes: Mapping[str, Sequence[Span]], oldest: datetime) -> str:
    """Return the spans as text, without what ended before `oldest`: those builds aren't kept either."""
    recent = {scope: merge_spans((max(a, oldest), b) for a, b in spans) for scope, spans in scopes.items()}
    return json.dumps(
        {scope: [(a.timestamp(), b.timestamp()) for a, b in spans] for scope, spans in recent.items()}
    )


def add_span(scopes: Mapping[str, Spans], scope: str, span: Span) -> Mapping[str, Spans]:
    """Return the scopes with one more known span."""
    return {**scopes, scope: merge_spans([*scopes.get(scope, ()), span])}


def _parse_span(since: float, until: float) -> Span:
    return datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC)
