"""When freezes are on, where clocks are changed too."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runtime.durations import parse_duration, spell_duration
from bot.runtime.time_windows import DailyWindow, OneTimeWindow, WeeklyWindow, find_end

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
WEEKEND = WeeklyWindow(4, time(16, 0), 0, time(8, 0), LONDON)
EVERY_DAY = frozenset(range(7))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def utc(text: str) -> datetime:
    """A moment, written without its zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-11-06T15:59:59", None),
        ("2026-11-06T16:00:00", "2026-11-09T08:00:00"),
        ("2026-11-08T12:00:00", "2026-11-09T08:00:00"),
        ("2026-11-09T07:59:59", "2026-11-09T08:00:00"),
        ("2026-11-09T08:00:00", None),
        # In summer London's clocks are an hour ahead.
        ("2026-07-03T14:59:59", None),
        ("2026-07-03T15:00:00", "2026-07-06T07:00:00"),
        # The weekend on which they are put forward, and the one on which they are put back.
        ("2026-03-27T16:00:00", "2026-03-30T07:00:00"),
        ("2026-10-23T15:00:00", "2026-10-26T08:00:00"),
    ],
)
def test_a_weekend_by_the_clocks_of_london(moment: str, until: str | None) -> None:
    """It begins and ends when the clocks there show so, also where they were changed in between."""
    assert find_end(WEEKEND, utc(moment)) == (utc(until) if until else None)


@pytest.mark.parametrize(
    ("moment", "on"),
    [
        # 01:30 is shown twice on 25 October: at 00:30 and at 01:30 UTC.
        ("2026-10-25T00:15:00", True),
        ("2026-10-25T00:45:00", True),
        ("2026-10-25T01:29:59", True),
        ("2026-10-25T01:30:00", False),
        # 01:30 is never shown on 29 March: clocks go from 01:00 to 02:00 at 01:00 UTC.
        ("2026-03-29T00:59:59", True),
        ("2026-03-29T01:29:59", True),
        ("2026-03-29T01:30:00", False),
    ],
)
def test_an_edge_within_the_changed_hour_makes_it_longer(moment: str, on: bool) -> None:
    """Of two readings of the clock the later one ends it, and it is never off in between."""
    assert (find_end(DailyWindow(time(23, 0), time(1, 30), EVERY_DAY, LONDON), utc(moment)) is not None) == on


def test_nights_belong_to_the_day_on_which_they_begin() -> None:
    """Friday's night lasts into Saturday; Saturday has none."""
    friday = DailyWindow(time(22, 0), time(7, 0), frozenset({4}), NEW_YORK)
    assert find_end(friday, utc("2026-11-07T11:59:00")) == utc("2026-11-07T12:00:00")
    assert find_end(friday, utc("2026-11-08T04:00:00")) is None


def test_once_is_once() -> None:
    """From its beginning, until just before its end."""
    span = OneTimeWindow(utc("2026-12-23T18:00:00"), utc("2026-12-28T08:00:00"))
    assert find_end(span, span.begins) == span.ends
    assert find_end(span, span.ends) is None
    assert find_end(span, span.begins - timedelta(microseconds=1)) is None


@given(MOMENTS, st.integers(0, 6), st.times(), st.integers(0, 6), st.times(), st.sampled_from([LONDON, NEW_YORK]))
def test_a_moment_in_a_window_is_before_its_end(
    now: datetime, day: int, at: time, until_day: int, until: time, zone: ZoneInfo
) -> None:
    """The end of a window lies ahead by at most a week and two changed hours."""
    end = find_end(WeeklyWindow(day, at, until_day, until, zone), now)
    assert end is None or now < end <= now + timedelta(days=7, hours=2)


@given(st.integers(1, 100_000))
def test_a_span_is_read_as_it_is_written(minutes: int) -> None:
    """Days, hours and minutes add up."""
    text = f"{minutes // 1440}d{minutes % 1440 // 60}h{minutes % 60}m"
    assert parse_duration(text) == timedelta(minutes=minutes)
    assert spell_duration(timedelta(minutes=minutes))


@pytest.mark.parametrize("text", ["", "0m", "soon", "2", "h", "-1h", "1m1h"])
def test_other_spans_are_refused(text: str) -> None:
    """An empty or malformed text isn't a duration."""
    with pytest.raises(ValueError, match="such as"):
        parse_duration(text)
