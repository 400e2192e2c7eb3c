"""Computes when a time window is open: weekly, daily or one-time, in local time of a zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class OneTimeWindow:
    """One time only, from `begins` until `ends`; both carry a time zone."""

    begins: datetime
    ends: datetime
    zone: ZoneInfo | None = None


@dataclass(frozen=True)
class WeeklyWindow:
    """Every week, from a weekday (0 is Monday) and time until another weekday and time."""

    from_day: int
    from_time: time
    until_day: int
    until_time: time
    zone: ZoneInfo


@dataclass(frozen=True)
class DailyWindow:
    """On the days or nights that begin on these weekdays; a `until_time` before `from_time` is on the next day."""

    from_time: time
    until_time: time
    days: frozenset[int]
    zone: ZoneInfo


TimeWindow = OneTimeWindow | WeeklyWindow | DailyWindow


def find_end(window: TimeWindow, now: datetime) -> datetime | None:
    """Return the end of the window's occurrence that contains `now`, or None. The end itself is outside.

    Where a local time is ambiguous because clocks change, the reading that makes the window longer counts: a
    freeze that opens an hour early is worse than one that ends an hour late.
    """
    ends = [end for begin, end in _iterate_occurrences(window, now) if begin <= now < end]
    return max(ends, default=None)


def _iterate_occurrences(window: TimeWindow, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the occurrences that could contain `now`: the current one and its neighbours."""
    match window:
        case OneTimeWindow():
            yield window.begins, window.ends
        case WeeklyWindow():
            monday = _monday_of(now.astimezone(window.zone).date())
            for weeks in (-1, 0, 1):
                yield _week_range(window, monday + timedelta(weeks=weeks))
        case DailyWindow():
            today = now.astimezone(window.zone).date()
            for days in (-1, 0, 1):
                day = today + timedelta(days=days)
                if day.weekday() in window.days:
                    yield _day_range(window, day)


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _week_range(window: WeeklyWindow, monday: date) -> tuple[datetime, datetime]:
    begins = monday + timedelta(days=window.from_day)
    until = monday + timedelta(days=window.until_day)
    wraps = (window.until_day, window.until_time) <= (window.from_day, window.from_time)
    until += timedelta(weeks=1 if wraps else 0)
    return _resolve_earliest(begins, window.from_time, window.zone), _resolve_latest(
        until, window.until_time, window.zone
    )


def _day_range(window: DailyWindow, day: date) -> tuple[datetime, datetime]:
    until = day + timedelta(days=1 if window.until_time <= window.from_time else 0)
    return _resolve_earliest(day, window.from_time, window.zone), _resolve_latest(
        until, window.until_time, window.zone
    )


def _resolve_local_time(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return both readings of a local time; they differ only in the hour that a clock change repeats or skips."""
    local = datetime.combine(day, at)
    first, second = (local.replace(fold=fold, tzinfo=zone).astimezone(UTC) for fold in (0, 1))
    return first, second


def _resolve_earliest(day: date, at: time, zone: ZoneInfo) -> datetime:
    return min(_resolve_local_time(day, at, zone))


def _resolve_latest(day: date, at: time, zone: ZoneInfo) -> datetime:
    return max(_resolve_local_time(day, at, zone))
