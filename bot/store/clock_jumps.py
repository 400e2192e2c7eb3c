"""Notices when the wall clock was set, and repairs the times in rows that no longer make sense."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from bot.runtime.clock import Clock
from bot.store.tables import builds, cards, deliveries, invocations, notices, people
from bot.store.transactions import Transactions, Tx

# Seconds by which wall and monotonic time may drift apart between two checks: NTP slews, and machines pause.
_DRIFT_SECONDS = 5.0
log = structlog.stdlib.get_logger(__name__)


class ClockWatch:
    """Compares wall time with monotonic time; `wake` wakes every loop that waits for a time."""

    def __init__(self, store: Transactions, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._offset: float | None = None

    async def tick(self) -> int:
        """Repair times at the first check and after each jump; return how many were repaired.

        The first check counts too, since the clock may have been set while the bot was down: a row that is due
        in a year by mistake would otherwise wait that long.
        """
        offset = self._clock.now().timestamp() - self._clock.monotonic()
        if self._offset is not None and abs(offset - self._offset) <= _DRIFT_SECONDS:
            self._offset = offset
            return 0
        jumped = self._offset is not None
        if jumped:
            log.warning("the wall clock was set", seconds=round(offset - (self._offset or 0)))
        async with self._store.write() as tx:
            count = await repair_times(tx, self._clock.now(), jumped=jumped)
        self._offset = offset
        self._wake()
        return count

    async def next_at(self) -> datetime | None:
        """Return None: the loop's idle interval is often enough."""
        return None


# Times of past events: none can be later than now.
_PAST = (
    builds.c.seen_at,
    builds.c.read_at,
    builds.c.doubt_since,
    builds.c.followed_at,
    cards.c.intent_at,
    notices.c.intent_at,
    notices.c.created_at,
    deliveries.c.received_at,
    invocations.c.created_at,
    invocations.c.started_at,
    invocations.c.closed_at,
)
# Due times, and the furthest ahead that each is ever planned.
_DUE = (
    (builds.c.read_due, timedelta(hours=13)),
    (cards.c.due_at, timedelta(minutes=10)),
    (notices.c.due_at, timedelta(minutes=10)),
    (deliveries.c.next_at, timedelta(minutes=10)),
    (invocations.c.next_at, timedelta(minutes=10)),
)


async def repair_times(tx: Tx, now: datetime, *, jumped: bool) -> int:
    """Move impossible times to now; after a jump, make everything in the future due now. Return how many.

    Doing something early is harmless, since every loop checks what there is to do; doing it hours late isn't.
    """
    count = 0
    for column in _PAST:
        count += await _clamp(tx, column, now, now)
    for column, furthest in _DUE:
        count += await _clamp(tx, column, now if jumped else now + furthest, now)
    await tx.execute(sa.delete(people).where(people.c.fetched_at > now))
    return count


async def _clamp(tx: Tx, column: sa.Column[datetime], latest: datetime, now: datetime) -> int:
    change = sa.update(column.table).where(column > latest).values({column.name: now})
    return (await tx.execute(change)).rowcount
