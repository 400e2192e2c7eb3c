"""Spans of time as people write them: `30m`, `2h`, `1h30m`, `7d`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def from_timestamp(seconds: str | float | None) -> datetime | None:
    """Seconds since 1970 as a moment; None of nothing."""
    return datetime.fromtimestamp(float(seconds), UTC) if seconds else None


_FORM = re.compile(r"(?:(\d{1,4})w)?(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?")
DURATION_EXAMPLES = "a time such as 30m, 2h, 1h30m or 7d"


def parse_duration(text: str) -> timedelta:
    """Read a span. Raises ValueError for another form, and for nothing at all."""
    found = _FORM.fullmatch(text.strip().lower())
    weeks, days, hours, minutes = (int(part or 0) for part in (found.groups() if found else (0, 0, 0, 0)))
    span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    if not span:
        raise ValueError(f"it should be {DURATION_EXAMPLES}")
    return span


def limit_duration(longest: timedelta) -> Callable[[str], str]:
    """A check for an argument: the text is a span, and no longer than that. It raises ValueError."""

    def checked(text: str) -> str:
        if parse_duration(text) > longest:
            raise ValueError(f"it can be {longest.days}d at most")
        return text

    return checked


def spell_duration(span: timedelta) -> str:
    """The span in words: `1 hour 30 minutes`."""
    minutes = round(span.total_seconds() / 60)
    counts = ((minutes // 1440, "day"), (minutes % 1440 // 60, "hour"), (minutes % 60, "minute"))
    words = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in counts if count]
    return " ".join(words) or "less than a minute"
