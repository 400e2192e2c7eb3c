"""Keeps results within the tokens that clients take, with a cursor that goes on where one was cut."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

from bot.errors import UsageError
from bot.runtime.json_types import JsonObject, JsonValue

# Clients cut or refuse results above 25,000 tokens. Ids and hashes take a token for two or three bytes, so two
# bytes a token keeps any result below.
RESULT_TOKENS = 25_000
RESULT_BYTES = 2 * RESULT_TOKENS
CURSOR = "next_cursor"
# Room for the cursor, and for the sentence around the JSON.
_RESERVED_BYTES = 600
_SHORTENED = " … (shortened)"

Path = tuple[str, ...]


def measure(value: JsonValue) -> int:
    """Return the bytes of a value as it is sent."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def bound_result(data: JsonObject, call: JsonValue, cursor: str = "", limit: int = RESULT_BYTES) -> JsonObject:
    """Return the part of a result that fits, from `cursor` on; `next_cursor` leads to the rest.

    The longest list or text is cut. `call` identifies the call, for which alone the cursor is valid. Raise
    UsageError for a cursor of another call.
    """
    digest = _digest(call)
    path, start = _read_cursor(cursor, digest) if cursor else ((), 0)
    data = _replace_at(data, path, _slice(_get_at(data, path), start, None)) if cursor else data
    room = limit - _RESERVED_BYTES
    if measure(data) <= room:
        return data
    path = path or _find_longest(data)
    whole = _get_at(data, path)
    count = _find_fitting(data, path, room)
    if count <= 0 or not isinstance(whole, str | list):
        return _shorten_texts(data, room)
    cut = _replace_at(data, path, whole[:count])
    result = {**cut, CURSOR: _write_cursor(path, start + count, digest)} if count < len(whole) else cut
    return _shorten_texts(result, limit)


def _find_longest(data: JsonValue) -> Path:
    """Return the way to the list or text that takes the most room."""
    path: Path = ()
    while isinstance(data, Mapping) and data:
        name, data = max(data.items(), key=lambda entry: measure(entry[1]))
        path = (*path, name)
    return path


def _find_fitting(data: JsonObject, path: Path, room: int) -> int:
    """Return how many entries or characters at `path` fit; at least one entry, which is shortened if need be."""
    whole = _get_at(data, path)
    if not isinstance(whole, str | list):
        return 0
    low, high = 0, len(whole)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(_replace_at(data, path, whole[:middle])) <= room:
            low = middle
        else:
            high = middle - 1
    return max(low, 1) if isinstance(whole, list) else _cut_at_line(whole, low)


def _cut_at_line(text: str, count: int) -> int:
    """Return `count`, or less so that the text ends with a whole line."""
    line_end = text.rfind("\n", 0, count) + 1
    return line_end or count


def _shorten_texts(data: JsonObject, room: int) -> JsonObject:
    """Return data with long texts cut so far that it fits: what no cursor can divide."""
    allowed = room
    while measure(data) > room and allowed:
        allowed //= 2
        shortened = _cut_texts(data, allowed)
        if isinstance(shortened, Mapping) and measure(shortened) <= room:
            return shortened
    return data if measure(data) <= room else {"text": "The result is too large to be shown. Ask for less."}


def _cut_texts(value: JsonValue, allowed: int) -> JsonValue:
    if isinstance(value, str):
        return value if len(value) <= allowed else value[:allowed] + _SHORTENED
    if isinstance(value, Mapping):
        return {key: inner if key == CURSOR else _cut_texts(inner, allowed) for key, inner in value.items()}
    return [_cut_texts(inner, allowed) for inner in value] if isinstance(value, list) else value


def _get_at(value: JsonValue, path: Path) -> JsonValue:
    for step in path:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = value.get(step)
    return value


def _replace_at(data: JsonObject, path: Path, new: JsonValue) -> JsonObject:
    if not path:
        return data
    name, inner = str(path[0]), data.get(str(path[0]))
    deeper = path[1:]
    return {**data, name: _replace_at(inner, deeper, new) if deeper and isinstance(inner, Mapping) else new}


def _slice(value: JsonValue, start: int, end: int | None) -> JsonValue:
    return value[start:end] if isinstance(value, str | list) else value


def _digest(call: JsonValue) -> str:
    return hashlib.sha256(json.dumps(call, sort_keys=True).encode()).hexdigest()[:12]


def _write_cursor(path: Path, start: int, digest: str) -> str:
    text = json.dumps([digest, start, *path], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, digest: str) -> tuple[Path, int]:
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        parts = None
    match parts:
        case [str(of_call), int(start), *path] if of_call == digest and start >= 0:
            return tuple(str(step) for step in path), start
    problem = "This cursor belongs to another call."
    raise UsageError(problem, "Repeat the call that returned it, with the same arguments.", "cursor")
