"""Words for artifacts: sizes, file names, and reasons why one can't be downloaded."""

from __future__ import annotations

import re
from types import MappingProxyType

EMOJI = MappingProxyType({"finished": "✅", "new": "🕒", "error": "❌", "deleted": "🗑️", "expired": "⌛"})
_WHY = MappingProxyType(
    {
        "new": "hasn't been uploaded yet",
        "error": "failed to upload",
        "deleted": "has been deleted",
        "expired": "has expired",
    }
)
_UNITS = ("bytes", "KB", "MB", "GB", "TB")
_STEP = 1000
_UNSAFE = re.compile(r"[^\w .+@=,-]+")
_NAME_LIMIT = 120


def format_size(count: int | None) -> str:
    """Format a size as `812 bytes` or `1.2 MB`; '' where it is unknown."""
    if count is None:
        return ""
    if count == 1:
        return "1 byte"
    amount, unit = float(count), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{count} bytes" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


def explain_missing(state: str) -> str:
    """Return why an artifact in that state can't be downloaded."""
    return _WHY.get(state, f"is {state}")


def make_file_name(path: str) -> str:
    """Return the last part of a path as a safe file name for an upload."""
    last = path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return _UNSAFE.sub("-", last).strip(" .-")[-_NAME_LIMIT:] or "artifact"


def make_pattern(text: str) -> str:
    """Return a pattern for paths that contain the text; a text that is a pattern stays as it is."""
    return text if "*" in text else f"*{text}*"
