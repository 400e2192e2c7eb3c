"""Decides when to read a tracked build again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.builds.model import TrackedBuild


@dataclass(frozen=True)
class ReadIntervals:
    """Seconds between two reads of a build, by its state and by whether webhooks are arriving."""

    # An end waits in the outbox until this read has confirmed it.
    unconfirmed_end: float = 0.0
    # Webhooks come in bursts, and a step forward is shown already: one read confirms the whole burst.
    unconfirmed: float = 1.5
    # With webhooks, reads only find what webhooks lost: often enough that no card is wrong for a minute.
    live: float = 40.0
    # Without them, reads are all there is.
    live_without_webhooks: float = 8.0
    blocked: float = 60.0
    ended: float = 300.0


READ_INTERVALS = ReadIntervals()
_REQUESTS, _SHORTEST_LIVE = 50, 10.0


def choose_intervals(requests: int) -> ReadIntervals:
    """Return the intervals for so many requests a minute: with more of them, a lost webhook is noticed sooner."""
    live = READ_INTERVALS.live * _REQUESTS / max(requests, _REQUESTS)
    return replace(READ_INTERVALS, live=max(live, _SHORTEST_LIVE))


# A build that has been blocked or hasn't moved for this long is abandoned; a webhook still wakes it.
_POLLED_FOR = timedelta(days=30)
_POLLED_AFTER_END = timedelta(hours=24)
_FIRST_HOUR = timedelta(hours=1)


def plan_next_read(
    tracked: TrackedBuild,
    now: datetime,
    polled_since: datetime,
    *,
    webhooks_arriving: bool,
    intervals: ReadIntervals = READ_INTERVALS,
) -> datetime | None:
    """Return when to read a polled build again; None: not at all.

    An unconfirmed end is read at once. A live build is read regularly, more often without webhooks; a blocked one
    for 30 days, hourly after the first hour; an ended one for a day, in case it is retried.
    """
    last = tracked.read_at or tracked.seen_at
    if tracked.unconfirmed:
        wait = intervals.unconfirmed_end if tracked.build.inactive else intervals.unconfirmed
        return max(now, last) + timedelta(seconds=wait)
    if tracked.deleted or now - polled_since > _POLLED_FOR:
        return None
    if tracked.build.phase == "blocked":
        fresh = now - (tracked.read_end or polled_since) < _FIRST_HOUR
        return last + (timedelta(seconds=intervals.blocked) if fresh else _FIRST_HOUR)
    if tracked.build.ended:
        age = now - (tracked.build.finished_at or polled_since)
        # The longer ago the end, the less likely a retry: the waits grow with the age of the end.
        pause = max(timedelta(seconds=intervals.ended), age / 2)
        return last + pause if age < _POLLED_AFTER_END else None
    return last + timedelta(seconds=intervals.live if webhooks_arriving else intervals.live_without_webhooks)
