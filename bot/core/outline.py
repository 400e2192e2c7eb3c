"""Any of Buildkite's objects as lines that one can read: what is secret or not seen is left out of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.core.markup import visible
from bot.core.secrets import MASK

LINES = 200
_WIDTH = 160
_INDENT = "  "
# What such keys hold is never shown, whatever it is; nor is what environments hold.
_SECRET = re.compile(
    r"(?:^|_)(?:token|secret|password|key_pem|private_key|credentials?|webhook_url)$", re.IGNORECASE
)
_VALUES_SECRET = frozenset({"env"})
# Links with a signature in their query open what they lead to.
_SIGNED = ("Signature=", "X-Amz-", "token=")


def outline(value: object, limit: int = LINES) -> tuple[str, ...]:
    """`key: value` a line, what is within it indented; empty values are left out, at most `limit` lines."""
    lines = list(_lines(value))
    if len(lines) <= limit:
        return tuple(lines)
    return (*lines[: limit - 1], f"… and {len(lines) - limit + 1} more lines")


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _entry(visible(str(key)), _hidden(str(key), one))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            yield from _item(one)
    else:
        yield _scalar(value)


def _entry(key: str, value: object) -> Iterator[str]:
    if value is None or value in ("", [], {}, ()):
        return
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        yield f"{key}:"
        yield from (f"{_INDENT}{line}" for line in _lines(value))
    else:
        yield f"{key}: {_scalar(value)}"


def _item(value: object) -> Iterator[str]:
    first, *rest = [*_lines(value)] or ["–"]
    yield f"- {first}"
    yield from (f"{_INDENT}{line}" for line in rest)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(visible(str(value)).split())
    if text.startswith("http") and any(mark in text for mark in _SIGNED):
        text = f"{text.split('?')[0]}?{MASK}"
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _hidden(key: str, value: object) -> object:
    if value and isinstance(value, str) and _SECRET.search(key):
        return MASK
    if key in _VALUES_SECRET and isinstance(value, Mapping):
        return dict.fromkeys(value, MASK)
    return value
