"""A period cut into days (or hours, or pairs of days) as a reader's calendar has them, for charts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.history.model import Run
from commands.health.statistics import Spread, durations, spread

DAY = timedelta(days=1)
_HOURS = 2
_WEEK = timedelta(days=8)


@dataclass(frozen=True)
class Slot:
    """What ended in one piece of the period: `duration` as in `Totals`."""

    label: str
    passed: int
    failed: int
    duration: Spread | None


@dataclass(frozen=True)
class Cut:
    """How a period was cut: `unit` names a piece (`day`), `places` are the starts with their labels."""

    unit: str
    places: tuple[tuple[datetime, str], ...]


def cut(since: datetime, until: datetime, zone: ZoneInfo) -> Cut:
    """Pieces of two hours up to a day, of a day up to a week, else of two days: at most 17 for 30 days."""
    first = since.astimezone(zone)
    if until - since <= DAY:
        start = first.replace(hour=first.hour // _HOURS * _HOURS, minute=0, second=0, microsecond=0)
        count = -((start - until) // timedelta(hours=_HOURS))
        starts = [(start + timedelta(hours=_HOURS * step)).astimezone(zone) for step in range(count)]
        return Cut("two hours", tuple((moment, f"{moment:%a %H:%M}") for moment in starts))
    days = 1 if until - since < _WEEK else 2
    last = (until - timedelta(microseconds=1)).astimezone(zone).date()
    dates = [first.date() + step * DAY for step in range(0, (last - first.date()).days + 1, days)]
    midnights = [datetime.combine(date, time.min, zone) for date in dates]
    return Cut(
        "day" if days == 1 else "two days", tuple((midnight, _dated(midnight, days)) for midnight in midnights)
    )


def _dated(day: datetime, days: int) -> str:
    return f"{day:%a} {day.day}" if days == 1 else f"{day.day} {day:%b}"


def slots(runs: Sequence[Run], pieces: Cut) -> tuple[Slot, ...]:
    """The builds of each piece, by their end."""
    starts = [start for start, _label in pieces.places]
    sorted_in: list[list[Run]] = [[] for _ in starts]
    for run in runs:
        if run.finished_at:
            sorted_in[max(bisect_right(starts, run.finished_at) - 1, 0)].append(run)
    return tuple(_slot(label, own) for (_start, label), own in zip(pieces.places, sorted_in, strict=True))


def _slot(label: str, runs: Iterable[Run]) -> Slot:
    runs = tuple(runs)
    phases = [run.phase for run in runs]
    return Slot(label, phases.count("passed"), phases.count("failed"), spread(durations(runs)))
