"""For which times everything that ended is remembered, and which times are missing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

Span = tuple[datetime, datetime]
Spans = tuple[Span, ...]
EVERYTHING = "*"


def merged(spans: Iterable[Span]) -> Spans:
    """The same times in order; spans that touch or overlap are one."""
    found: list[Span] = []
    for since, until in sorted(span for span in spans if span[0] < span[1]):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return tuple(found)


def missing(since: datetime, until: datetime, known: Iterable[Span]) -> Spans:
    """What of that time is in no known span, newest first."""
    left: list[Span] = []
    start = since
    for begin, end in merged(known):
        if begin > start:
            left.append((start, min(begin, until)))
        start = max(start, end)
    left.append((start, until))
    return tuple(span for span in reversed(left) if span[0] < span[1])


def load(written: str | None) -> Mapping[str, Spans]:
    """Spans by scope (a pipeline, or `*` for all of them), as `dump` wrote them."""
    scopes = json.loads(written) if written else {}
    return {scope: tuple(_span(*span) for span in spans) for scope, spans in scopes.items()}


def dump(scopes: Mapping[str, Sequence[Span]], oldest: datetime) -> str:
    """As text; what ended before `oldest` is forgotten, as the builds themselves are."""
    kept = {scope: merged((max(a, oldest), b) for a, b in spans) for scope, spans in scopes.items()}
    return json.dumps({scope: [(a.timestamp(), b.timestamp()) for a, b in spans] for scope, spans in kept.items()})


def added(scopes: Mapping[str, Spans], scope: str, span: Span) -> Mapping[str, Spans]:
    """With one more span known."""
    return {**scopes, scope: merged([*scopes.get(scope, ()), span])}


def _span(since: float, until: float) -> Span:
    return datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC)
