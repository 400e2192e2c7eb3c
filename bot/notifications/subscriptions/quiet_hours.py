"""Quiet hours of a subscription: daily times in which it posts nothing."""

from __future__ import annotations

import re
from datetime import datetime, time
from zoneinfo import ZoneInfo

from bot.runtime.time_windows import DailyWindow, find_end

QUIET_HOURS_EXAMPLE = "two times such as 18:00-08:00"
_QUIET = re.compile(r"(\d\d?):(\d\d)\s*[-–—]\s*(\d\d?):(\d\d)")
_EVERY_DAY = frozenset(range(7))


def parse_quiet_hours(text: str) -> tuple[time, time]:
    """Parse `18:00-08:00`. Raise ValueError for anything else."""
    found = _QUIET.fullmatch(text.strip())
    try:
        hours = [int(part) for part in found.groups()] if found else []
        begins, until = time(hours[0], hours[1]), time(hours[2], hours[3])
    except (IndexError, ValueError):
        raise ValueError(f"it should be {QUIET_HOURS_EXAMPLE}") from None
    if begins == until:
        raise ValueError("its end must differ from its start")
    return begins, until


def find_end_of_quiet_hours(quiet: str, zone: str | None, now: datetime) -> datetime | None:
    """Return when quiet hours that include `now` end; None outside of them. Without a zone they are in UTC."""
    begins, until = parse_quiet_hours(quiet)
    return find_end(DailyWindow(begins, until, _EVERY_DAY, ZoneInfo(zone or "UTC")), now)
