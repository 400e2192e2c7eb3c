"""Parses and formats durations as people write them: `30m`, `2h`, `1h30m`, `7d`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def from_timestamp(seconds: str | float | None) -> datetime | None:
    """Convert seconds since 1970 to a time; None or an empty string gives None."""
    return datetime.fromtimestamp(float(seconds), UTC) if seconds else None


_DURATION = re.compile(r"(?:(\d{1,4})w)?(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?")
DURATION_EXAMPLES = "a duration such as 30m, 2h, 1h30m or 7d"


def parse_duration(text: str) -> timedelta:
    """Parse a duration. Raise ValueError if it is malformed, empty or zero."""
    match = _DURATION.fullmatch(text.strip().lower())
    weeks, days, hours, minutes = (int(part or 0) for part in (match.groups() if match else (0, 0, 0, 0)))
    span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    if not span:
        raise ValueError(f"it should be {DURATION_EXAMPLES}")
    return span


def limit_duration(longest: timedelta) -> Callable[[str], str]:
    """Return a check for arguments that raises ValueError unless the text is a duration of at most `longest`."""

    def check(text: str) -> str:
        if parse_duration(text) > longest:
            raise ValueError(f"it can be {longest.days}d at most")
        return text

    return check


def spell_duration(span: timedelta) -> str:
    """Spell the duration out: `1 hour 30 minutes`."""
    minutes = round(span.total_seconds() / 60)
    counts = ((minutes // 1440, "day"), (minutes % 1440 // 60, "hour"), (minutes % 60, "minute"))
    words = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in counts if count]
    return " ".join(words) or "less than a minute"
