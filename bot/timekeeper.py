"""Notices when the wall clock was set, and puts right what it left behind in rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from bot.clock import Clock
from bot.store import timing
from bot.store.store import Transactions

# Seconds by which the two kinds of time may drift apart between two looks: NTP slews, machines pause.
_DRIFT = 5.0
log = structlog.stdlib.get_logger(__name__)


class Timekeeper:
    """Compares wall time with a clock that never runs backwards; `wake` pokes all who wait for a time."""

    def __init__(self, store: Transactions, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._apart: float | None = None

    async def tick(self) -> int:
        """At the first look and after each jump: nothing may wait for an hour that is long past, or years away."""
        apart = self._clock.now().timestamp() - self._clock.monotonic()
        if self._apart is not None and abs(apart - self._apart) <= _DRIFT:
            self._apart = apart
            return 0
        jumped = self._apart is not None
        if jumped:
            log.warning("the clock was set", seconds=round(apart - (self._apart or 0)))
        async with self._store.write() as tx:
            count = await timing.mend(tx, self._clock.now(), jumped=jumped)
        self._apart = apart
        self._wake()
        return count

    async def next_at(self) -> datetime | None:
        """Whenever the loop looks by itself."""
        return None
