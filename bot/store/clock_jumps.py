"""Notices when the wall clock was set, and puts right what it left behind in rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from bot.runtime.clock import Clock
from bot.store.tables import builds, cards, deliveries, invocations, notices, people
from bot.store.transactions import Transactions, Tx

# Seconds by which the two kinds of time may drift apart between two looks: NTP slews, machines pause.
_DRIFT_SECONDS = 5.0
log = structlog.stdlib.get_logger(__name__)


class ClockWatch:
    """Compares wall time with a clock that never runs backwards; `wake` pokes all who wait for a time."""

    def __init__(self, store: Transactions, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._offset: float | None = None

    async def tick(self) -> int:
        """At the first look and after each jump: nothing may wait for an hour that is long past, or years away."""
        apart = self._clock.now().timestamp() - self._clock.monotonic()
        if self._offset is not None and abs(apart - self._offset) <= _DRIFT_SECONDS:
            self._offset = apart
            return 0
        jumped = self._offset is not None
        if jumped:
            log.warning("the clock was set", seconds=round(apart - (self._offset or 0)))
        async with self._store.write() as tx:
            count = await repair_times(tx, self._clock.now(), jumped=jumped)
        self._offset = apart
        self._wake()
        return count

    async def next_at(self) -> datetime | None:
        """Whenever the loop looks by itself."""
        return None


# When things happened: none can have happened later than now.
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
# When things are due, and how far ahead they are planned at most.
_DUE = (
    (builds.c.read_due, timedelta(hours=13)),
    (cards.c.due_at, timedelta(minutes=10)),
    (notices.c.due_at, timedelta(minutes=10)),
    (deliveries.c.next_at, timedelta(minutes=10)),
    (invocations.c.next_at, timedelta(minutes=10)),
)


async def repair_times(tx: Tx, now: datetime, *, jumped: bool) -> int:
    """No row is from the future or due in a far one; after a jump all is due now. Says how many were mended."""
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
