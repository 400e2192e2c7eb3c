"""Puts right the times in rows that lie in a future which will not come."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store.store import Tx
from bot.store.tables import builds, cards, deliveries, invocations, notices, people

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


async def mend(tx: Tx, now: datetime, *, jumped: bool) -> int:
    """No row is from the future or due in a far one; after a jump all is due now. Says how many were mended."""
    count = 0
    for column in _PAST:
        count += await _clamp(tx, column, now, now)
    for column, ahead in _DUE:
        count += await _clamp(tx, column, now if jumped else now + ahead, now)
    await tx.execute(sa.delete(people).where(people.c.fetched_at > now))
    return count


async def _clamp(tx: Tx, column: sa.Column[datetime], latest: datetime, now: datetime) -> int:
    change = sa.update(column.table).where(column > latest).values({column.name: now})
    return (await tx.execute(change)).rowcount
