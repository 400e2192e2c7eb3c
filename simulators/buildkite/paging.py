"""Splits lists into pages, in both of Buildkite's styles."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from simulators.buildkite.http_types import ApiRequest, ApiResponse
from simulators.buildkite.values import Refusal

T = TypeVar("T")
MAX_DEPTH = 10_000
TOO_DEEP = (
    "Listing builds this deep is not supported."
    " Please narrow your query using filters such as branch or created_from."
)


def parse_whole_number(text: str | None, default: int, least: int = 1) -> int:
    """Parse a whole number from a parameter; anything else gives the default."""
    return max(least, int(text)) if text and text.isdigit() else default


def read_page_size(request: ApiRequest) -> int:
    return min(100, parse_whole_number(request.query.get("per_page"), 30))


def paginate(request: ApiRequest, items: Sequence[T], view: Callable[[T], Any]) -> ApiResponse:
    """Answer with an array and a `Link` header: `page` from 1, `per_page` 30, at most 100."""
    size, page = read_page_size(request), parse_whole_number(request.query.get("page"), 1)
    last = max(1, -(-len(items) // size))
    views = [view(item) for item in items[(page - 1) * size : page * size]]
    return ApiResponse(200, views, headers=_make_links(request, page, last))


def refuse_deep_page(request: ApiRequest) -> None:
    if parse_whole_number(request.query.get("page"), 1) * read_page_size(request) > MAX_DEPTH:
        raise Refusal(400, TOO_DEEP)


def _make_links(request: ApiRequest, page: int, last: int) -> dict[str, str]:
    pages: dict[str, int] = {}
    if page < last:
        pages |= {"next": page + 1, "last": last}
    if page > 1:
        pages |= {"prev": page - 1, "first": 1}
    links = [f'<{_make_url(request, page=number)}>; rel="{rel}"' for rel, number in pages.items()]
    return {"Link": ", ".join(links)} if links else {}


def _make_url(request: ApiRequest, drop: tuple[str, ...] = (), **more: Any) -> str:
    kept = [(key, value) for key, value in request.query.multi_items() if key not in {*drop, *more}]
    return f"{request.base_url}{request.path}?{urlencode([*kept, *more.items()])}"


def paginate_by_cursor(
    request: ApiRequest, items: Sequence[T], view: Callable[[T], Any], key: Callable[[T], str]
) -> ApiResponse:
    """Answer with `{"items", "links"}`: `after` and `before` hold a cursor and exclude each other."""
    size, (after, before) = read_page_size(request), (request.query.get("after"), request.query.get("before"))
    if after and before:
        raise Refusal(400, "Only one of `after` and `before` may be given")
    start, stop = _find_span([_encode_cursor(key(item)) for item in items], after, before, size)
    links = {"self": _make_url(request)}
    if stop < len(items):
        links["next"] = _make_url(request, ("before",), after=_encode_cursor(key(items[stop - 1])), per_page=size)
    if start > 0:
        links["prev"] = _make_url(request, ("after",), before=_encode_cursor(key(items[start])), per_page=size)
        links["first"] = _make_url(request, ("after", "before"), per_page=size)
    return ApiResponse(200, {"items": [view(item) for item in items[start:stop]], "links": links})


def _find_span(cursors: list[str], after: str | None, before: str | None, size: int) -> tuple[int, int]:
    if (after or before) and (after or before) not in cursors:
        raise Refusal(400, "Invalid cursor")
    if before:
        stop = cursors.index(before)
        return max(0, stop - size), stop
    start = cursors.index(after) + 1 if after else 0
    return start, min(len(cursors), start + size)


def _encode_cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
