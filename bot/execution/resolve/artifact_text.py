"""Artifacts in words: how large, under which name, why one cannot be had."""

from __future__ import annotations

import re
from types import MappingProxyType

EMOJI = MappingProxyType({"finished": "✅", "new": "🕒", "error": "❌", "deleted": "🗑️", "expired": "⌛"})
_WHY = MappingProxyType(
    {
        "new": "has not been uploaded yet",
        "error": "was not uploaded: that failed",
        "deleted": "has been deleted",
        "expired": "is not kept any longer",
    }
)
_UNITS = ("bytes", "KB", "MB", "GB", "TB")
_STEP = 1000
_ODD = re.compile(r"[^\w .+@=,-]+")
_NAME_LIMIT = 120


def sized(count: int | None) -> str:
    """`812 bytes`, `1.2 MB`; nothing where nobody knows."""
    if count is None:
        return ""
    if count == 1:
        return "1 byte"
    amount, unit = float(count), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{count} bytes" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


def missing(state: str) -> str:
    """Why an artifact in that state has no bytes to give."""
    return _WHY.get(state, f"is {state}")


def file_name(path: str) -> str:
    """The last part of a path, as the name of a file that is uploaded elsewhere."""
    last = path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return _ODD.sub("-", last).strip(" .-")[-_NAME_LIMIT:] or "artifact"


def around(word: str) -> str:
    """The pattern of paths in which a word stands; a pattern is left as it is."""
    return word if "*" in word else f"*{word}*"
