"""The direct PostgreSQL session holds locks as long as it lives, and carries wake-ups to every replica."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from bot.app.wakeups import Wakeups
from bot.cli.doctor.check_postgres import check_direct_connection
from bot.runtime.clock import ManualClock
from bot.runtime.loop import Loop, LoopName
from bot.store.postgres_session import PostgresSession
from tests.conversations.world import START


def _heard_nothing(_payload: str) -> None:
    return None


async def test_a_lock_goes_with_its_session(database: sa.URL) -> None:
    """A replica's lock is taken while its session is open, and free once it is closed."""
    first, second = PostgresSession(database, _heard_nothing), PostgresSession(database, _heard_nothing)
    assert await first.hold_lock("one")
    assert not await second.is_lock_free("one")
    await first.close()
    while not await second.is_lock_free("one"):
        continue
    await second.close()


async def test_no_wake_up_is_dropped_for_another(database: sa.URL) -> None:
    """Wake-ups during a notification reach the other replica with the next one."""
    got: set[str] = set()
    both = asyncio.Event()

    def record(names: str) -> None:
        got.update(names.split())
        if got == {"writer", "sweep", "recovery"}:
            both.set()

    theirs, ours = PostgresSession(database, record), PostgresSession(database, _heard_nothing)
    await theirs.hold_lock("there")
    wakes = Wakeups()
    wakes.join(ours, lambda: False)
    for name in (LoopName.CARDS, LoopName.POLLER, LoopName.RECOVERY):
        wakes.waker(name)()
    async with asyncio.timeout(300):
        await both.wait()
    await theirs.close()
    await ours.close()


async def test_local_wake_ups_are_not_sent(database: sa.URL) -> None:
    """The leader wakes its own loops without notifying the others."""

    async def nothing_due() -> None:
        return None

    async def nothing_done() -> int:
        return 0

    wakes, clock = Wakeups(), ManualClock(START)
    wakes.join(PostgresSession(database, _heard_nothing), lambda: True)
    loop = Loop(LoopName.CARDS, nothing_done, nothing_due, clock)
    wakes.register([loop])
    before = asyncio.all_tasks()
    wakes.waker(LoopName.CARDS)()
    assert asyncio.all_tasks() == before


async def test_the_doctor_accepts_a_direct_connection(database: sa.URL) -> None:
    """A connection to the server itself holds a lock and receives notifications."""
    found = await check_direct_connection(database.render_as_string(hide_password=False))
    assert (found.ok, found.sentence) == (True, "advisory locks and notifications work.")


async def test_the_doctor_explains_a_missing_session(database: sa.URL) -> None:
    """Without a direct connection, the finding says what that costs and what to do."""
    found = await check_direct_connection(database.set(port=1).render_as_string(hide_password=False))
    assert found.ok is False
    assert "needs 15 s" in found.line
    assert "session mode" in found.line
