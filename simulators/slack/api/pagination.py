"""Cursor pagination as the Web API does it."""

import base64
from typing import Any

from simulators.slack.api.arguments import Arguments
from simulators.slack.errors import ApiError

Json = dict[str, Any]


def paginate(items: list[Any], args: Arguments, default: int = 100, most: int = 1000) -> tuple[list[Any], Json]:
    """Return a page and its response_metadata; an empty next_cursor is the end. Raise ApiError invalid_cursor."""
    start = _decode_cursor(args.text("cursor"))
    size = args.number("limit", default) or default
    if not 0 < size <= most:
        raise ApiError("invalid_limit")
    end = start + size
    return items[start:end], {"next_cursor": _encode_cursor(end) if end < len(items) else ""}


def _encode_cursor(position: int) -> str:
    return base64.b64encode(f"next:{position}".encode()).decode()


def _decode_cursor(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except ValueError:
        raise ApiError("invalid_cursor") from None
