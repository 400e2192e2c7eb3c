"""Notices when the wall clock was set, and repairs the times in rows that no longer make sense."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
import structlog

from bot.runtime.clock import Clock
from bot.store.columns import CACHED, FIXED, DueTime, TimeMeaning, list_times
from bot.store.schema import list_tables
from bot.store.transactions import Transactions, Tx

# Seconds by which wall and monotonic time may drift apart between two checks: NTP slews, and machines pause.
_DRIFT_SECONDS = 5.0
NoteRepair = Callable[[Tx], Awaitable[None]]
log = structlog.stdlib.get_logger(__name__)


class ClockWatch:
    """Compares wall time with monotonic time; `wake` wakes every loop that waits for a time.

    `note_repair` runs in the transaction that changes rows, for what is kept in memory of them.
    """

    def __init__(
        self, store: Transactions, clock: Clock, wake: Callable[[], None], note_repair: NoteRepair
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._note_repair = note_repair
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
        count = await repair_times(self._store, self._clock.now(), self._note_repair, jumped=jumped)
        self._offset = offset
        self._wake()
        return count

    async def next_at(self) -> datetime | None:
        """Return None: the loop's idle interval is often enough."""
        return None


async def repair_times(store: Transactions, now: datetime, note_repair: NoteRepair, *, jumped: bool) -> int:
    """Repair every column as its declared meaning says; return how many rows were changed.

    Past events move to now, and so does what is due: after a jump all of it, otherwise only what is due later than
    its loop ever plans. Doing something early is harmless, since every loop checks what there is to do; doing it
    hours late isn't. The rows are looked for first, because not all columns have an index and a search through a
    table must not keep others from writing.
    """
    plans = [_plan_change(column, meaning, now, jumped) for column, meaning in list_times(list_tables())]
    async with store.read() as tx:
        needed = [plan for plan in plans if plan and await tx.scalar(sa.select(sa.exists().where(plan.affected)))]
    if not needed:
        return 0
    async with store.write() as tx:
        await note_repair(tx)
        return sum([(await tx.execute(plan.statement)).rowcount for plan in needed])


class _Change(NamedTuple):
    """A statement and the condition for the rows that it changes."""

    affected: sa.ColumnElement[bool]
    statement: sa.Update | sa.Delete


def _plan_change(column: sa.Column[datetime], meaning: TimeMeaning, now: datetime, jumped: bool) -> _Change | None:
    if meaning is FIXED:
        return None
    latest = now + meaning.furthest if isinstance(meaning, DueTime) and not jumped else now
    affected = column > latest
    if meaning is CACHED:
        return _Change(affected, sa.delete(column.table).where(affected))
    return _Change(affected, sa.update(column.table).where(affected).values({column.name: now}))
