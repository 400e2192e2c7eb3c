"""A loop that is woken often handles everything that arrived meanwhile in one tick."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from bot.app.wakeups import Wakeups
from bot.runtime.clock import ManualClock
from bot.runtime.loop import Loop, LoopName
from tests.conversations.world import World


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


async def test_every_loop_runs(world: World) -> None:
    """The process runs a loop of each name; some are only for an allowlist, a policy, replicas or Socket Mode."""
    optional = {LoopName.ALLOWLIST, LoopName.POLICY_FILE, LoopName.LEADERSHIP, LoopName.SOCKET}
    assert [loop.name for loop in world.bot.loops] == [name for name in LoopName if name not in optional]


def test_an_unknown_loop_is_an_error() -> None:
    """A name that isn't a loop's can't be used to wake one."""
    with pytest.raises(ValueError, match="cards"):
        LoopName("cards")


async def test_another_version_may_wake_loops_that_are_unknown_here() -> None:
    """During an upgrade another replica may name a loop of its own; the others that it names are woken."""
    clock, woken = ManualClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC)), asyncio.Event()

    async def tick() -> int:
        woken.set()
        return 0

    async def nothing_due() -> datetime | None:
        return None

    loop, wakeups = Loop(LoopName.HOME, tick, nothing_due, clock), Wakeups()
    wakeups.register((loop,))
    running = asyncio.create_task(loop.run())
    await woken.wait()
    woken.clear()
    wakeups.handle_notification("invented home")
    await woken.wait()
    loop.stop()
    await running
