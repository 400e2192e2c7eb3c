"""Cuts a period into the hours, days or pairs of days of the reader's calendar, for charts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.history.model import Run
from commands.health.statistics import DurationSpread, compute_spread, measure_durations

DAY = timedelta(days=1)
_HOURS = 2
_WEEK = timedelta(days=8)


@dataclass(frozen=True)
class Slot:
    """The builds that ended in one slot of the period: `duration` as in `Totals`."""

    label: str
    passed: int
    failed: int
    duration: DurationSpread | None


@dataclass(frozen=True)
class PeriodCut:
    """A period cut into slots: `unit` names a slot (`day`), `starts` are their starts with labels."""

    unit: str
    starts: tuple[tuple[datetime, str], ...]


def cut_period(since: datetime, until: datetime, zone: ZoneInfo) -> PeriodCut:
    """Cut into slots of two hours for up to a day, of a day for up to a week, else of two days.

    30 days make at most 17 slots, which fit Slack's chart.
    """
    first = since.astimezone(zone)
    if until - since <= DAY:
        start = first.replace(hour=first.hour // _HOURS * _HOURS, minute=0, second=0, microsecond=0)
        count = -((start - until) // timedelta(hours=_HOURS))
        starts = [(start + timedelta(hours=_HOURS * step)).astimezone(zone) for step in range(count)]
        return PeriodCut("two hours", tuple((moment, f"{moment:%a %H:%M}") for moment in starts))
    days = 1 if until - since < _WEEK else 2
    last = (until - timedelta(microseconds=1)).astimezone(zone).date()
    dates = [first.date() + step * DAY for step in range(0, (last - first.date()).days + 1, days)]
    midnights = [datetime.combine(date, time.min, zone) for date in dates]
    return PeriodCut(
        "day" if days == 1 else "two days",
        tuple((midnight, _format_day(midnight, days)) for midnight in midnights),
    )


def _format_day(day: datetime, days: int) -> str:
    return f"{day:%a} {day.day}" if days == 1 else f"{day.day} {day:%b}"


def fill_slots(runs: Sequence[Run], pieces: PeriodCut) -> tuple[Slot, ...]:
    """Return the slots with the builds that ended in each."""
    starts = [start for start, _label in pieces.starts]
    grouped: list[list[Run]] = [[] for _ in starts]
    for run in runs:
        if run.finished_at:
            grouped[max(bisect_right(starts, run.finished_at) - 1, 0)].append(run)
    return tuple(_fill_slot(label, own) for (_start, label), own in zip(pieces.starts, grouped, strict=True))


def _fill_slot(label: str, runs: Iterable[Run]) -> Slot:
    runs = tuple(runs)
    phases = [run.phase for run in runs]
    return Slot(label, phases.count("passed"), phases.count("failed"), compute_spread(measure_durations(runs)))
