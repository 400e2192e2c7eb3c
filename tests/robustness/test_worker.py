"""Loops that are woken often do what has come meanwhile at once."""

from __future__ import annotations

import asyncio
from datetime import datetime
from itertools import pairwise

from bot.clock import SystemClock
from bot.worker import Loop

REST = 0.02
# Timers of the event loop are as exact as its clock is.
_EXACT = 0.001


async def test_from_one_tick_to_the_next_it_rests() -> None:
    """Woken again and again amid its ticks, it begins the next one when it has rested, not before."""
    began: list[float] = []

    async def tick() -> int:
        began.append(asyncio.get_running_loop().time())
        loop.wake()
        loop.wake()
        if len(began) == 4:
            loop.stop()
        return len(began) % 2

    async def nothing_due() -> datetime | None:
        return None

    loop = Loop("reader", tick, nothing_due, SystemClock(), rest=REST)
    await loop.run()
    assert len(began) == 4
    assert all(later - before > REST - _EXACT for before, later in pairwise(began))
