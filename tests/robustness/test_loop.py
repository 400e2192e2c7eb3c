"""A loop that is woken often handles everything that arrived meanwhile in one tick."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from bot.runtime.clock import ManualClock
from bot.runtime.loop import Loop, LoopName


async def test_ticks_keep_their_minimum_interval() -> None:
    """If it is woken during its ticks, it starts the next one after the minimum interval, not before."""
    clock = ManualClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))
    began: list[float] = []

    async def tick() -> int:
        began.append(clock.monotonic())
        loop.wake()
        return len(began) % 2

    async def nothing_due() -> datetime | None:
        return None

    loop = Loop(LoopName.INBOX, tick, nothing_due, clock, min_interval=0.5)
    running = asyncio.create_task(loop.run())
    for _ in range(8):
        await clock.wait_for_sleepers(1)
        clock.advance(0.25)
    loop.stop()
    await running
    assert began == [0, 0.5, 1, 1.5]
