from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.builds.model import TrackedBuild


@dataclass(frozen=True)
class ReadIntervals:
    """How long to wait before a build is read again, by what is known of it."""

    doubt_end: float = 0.0
    doubt: float = 1.5
    live: float = 60.0
    live_unheard: float = 8.0
    blocked: float = 60.0
    ended_unheard: float = 300.0


READ_INTERVALS = ReadIntervals()
_FOLLOWED = timedelta(days=30)
_AFTER_END = timedelta(hours=24)
_FIRST_HOUR = timedelta(hours=1)


def next_read_time(
    tracked: TrackedBuild,
    now: datetime,
    followed_at: datetime,
    *,
    alive: bool,
    rhythm: ReadIntervals = READ_INTERVALS,
) -> datetime | None:
    """When to read a followed build again; None: not by itself. `alive` says that webhooks are arriving.

    Doubt is settled at once where an end is to be announced. A build that lives is read in turn, faster without
    webhooks; a blocked one for 30 days, hourly after the first hour; an ended one for a day, in case it revives.
    """
    last = tracked.read_at or tracked.seen_at
    if tracked.unconfirmed:
        return max(now, last) + timedelta(seconds=rhythm.doubt_end if tracked.build.settled else rhythm.doubt)
    if tracked.deleted or now - followed_at > _FOLLOWED:
        return None
    if tracked.build.phase == "blocked":
        fresh = now - (tracked.read_end or followed_at) < _FIRST_HOUR
        return last + (timedelta(seconds=rhythm.blocked) if fresh else _FIRST_HOUR)
    if tracked.build.ended:
        age = now - (tracked.build.finished_at or followed_at)
        wait = max(timedelta(seconds=rhythm.ended_unheard), age / 2)
        return last + wait if age < _AFTER_END else None
    return last + timedelta(seconds=rhythm.live if alive else rhythm.live_unheard)
