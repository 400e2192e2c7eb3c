"""Cuts lists into pages, in both of Buildkite's styles."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from simulators.buildkite.http_types import Answer, Ask
from simulators.buildkite.values import Refusal

T = TypeVar("T")
DEEPEST = 10_000
TOO_DEEP = (
    "Listing builds this deep is not supported."
    " Please narrow your query using filters such as branch or created_from."
)


def whole(text: str | None, default: int, least: int = 1) -> int:
    """A whole number from a parameter; anything else counts as the default."""
    return max(least, int(text)) if text and text.isdigit() else default


def per_page(ask: Ask) -> int:
    return min(100, whole(ask.query.get("per_page"), 30))


def paged(ask: Ask, items: Sequence[T], view: Callable[[T], Any]) -> Answer:
    """A bare array with a `Link` header: `page` from 1, `per_page` 30 up to 100."""
    size, page = per_page(ask), whole(ask.query.get("page"), 1)
    last = max(1, -(-len(items) // size))
    shown = [view(item) for item in items[(page - 1) * size : page * size]]
    return Answer(200, shown, headers=_links(ask, page, last))


def refuse_deep(ask: Ask) -> None:
    if whole(ask.query.get("page"), 1) * per_page(ask) > DEEPEST:
        raise Refusal(400, TOO_DEEP)


def _links(ask: Ask, page: int, last: int) -> dict[str, str]:
    pages: dict[str, int] = {}
    if page < last:
        pages |= {"next": page + 1, "last": last}
    if page > 1:
        pages |= {"prev": page - 1, "first": 1}
    links = [f'<{_with(ask, page=number)}>; rel="{rel}"' for rel, number in pages.items()]
    return {"Link": ", ".join(links)} if links else {}


def _with(ask: Ask, drop: tuple[str, ...] = (), **more: Any) -> str:
    kept = [(key, value) for key, value in ask.query.multi_items() if key not in {*drop, *more}]
    return f"{ask.base_url}{ask.path}?{urlencode([*kept, *more.items()])}"


def cursored(ask: Ask, items: Sequence[T], view: Callable[[T], Any], key: Callable[[T], str]) -> Answer:
    """`{"items", "links"}`: `after` and `before` hold a cursor and exclude each other."""
    size, (after, before) = per_page(ask), (ask.query.get("after"), ask.query.get("before"))
    if after and before:
        raise Refusal(400, "Only one of `after` and `before` may be given")
    start, stop = _span([_cursor(key(item)) for item in items], after, before, size)
    links = {"self": _with(ask)}
    if stop < len(items):
        links["next"] = _with(ask, ("before",), after=_cursor(key(items[stop - 1])), per_page=size)
    if start > 0:
        links["prev"] = _with(ask, ("after",), before=_cursor(key(items[start])), per_page=size)
        links["first"] = _with(ask, ("after", "before"), per_page=size)
    return Answer(200, {"items": [view(item) for item in items[start:stop]], "links": links})


def _span(cursors: list[str], after: str | None, before: str | None, size: int) -> tuple[int, int]:
    if (after or before) and (after or before) not in cursors:
        raise Refusal(400, "Invalid cursor")
    if before:
        stop = cursors.index(before)
        return max(0, stop - size), stop
    start = cursors.index(after) + 1 if after else 0
    return start, min(len(cursors), start + size)


def _cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
