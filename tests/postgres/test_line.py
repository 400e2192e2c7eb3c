"""The direct connection: locks that live as long as their session, and wakes that reach every replica."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from bot.app.wakeups import Wakeups
from bot.cli.doctor.check_postgres import check_direct_connection
from bot.runtime.clock import ManualClock
from bot.runtime.loop import Loop
from bot.store.postgres_session import PostgresSession
from tests.conversations.world import START


def _heard_nothing(_payload: str) -> None:
    return None


async def test_a_lock_goes_with_its_session(database: sa.URL) -> None:
    """While one replica's line is open its lock is taken; once the line is closed, the lock is free."""
    first, second = PostgresSession(database, _heard_nothing), PostgresSession(database, _heard_nothing)
    assert await first.hold_lock("one")
    assert not await second.is_lock_free("one")
    await first.close()
    while not await second.is_lock_free("one"):
        continue
    await second.close()


async def test_a_wake_is_never_dropped_for_another(database: sa.URL) -> None:
    """Wakes that come while a message is under way reach the other replica with the next message."""
    got: set[str] = set()
    both = asyncio.Event()

    def hear(names: str) -> None:
        got.update(names.split())
        if got == {"writer", "sweep", "recovery"}:
            both.set()

    there, here = PostgresSession(database, hear), PostgresSession(database, _heard_nothing)
    await there.hold_lock("there")
    wakes = Wakeups()
    wakes.postgres_session = here
    for name in ("writer", "sweep", "recovery"):
        wakes.waker(name)()
    async with asyncio.timeout(10):
        await both.wait()
    await there.close()
    await here.close()


async def test_what_is_woken_here_alone_is_told_to_nobody(database: sa.URL) -> None:
    """The replica that is the writer wakes its own loops without a message to others."""

    async def nothing_due() -> None:
        return None

    async def nothing_done() -> int:
        return 0

    wakes, clock = Wakeups(), ManualClock(START)
    wakes.postgres_session, wakes.is_only_writer = PostgresSession(database, _heard_nothing), lambda: True
    loop = Loop("writer", nothing_done, nothing_due, clock)
    wakes.loops["writer"] = loop
    before = asyncio.all_tasks()
    wakes.waker("writer")()
    assert asyncio.all_tasks() == before


async def test_the_doctor_finds_a_direct_connection_well(database: sa.URL) -> None:
    """A connection to the server itself holds a lock and hears what another says."""
    found = await check_direct_connection(database.render_as_string(hide_password=False))
    assert (found.ok, found.sentence) == (True, "holds an advisory lock and hears notifications.")


async def test_the_doctor_says_what_is_lacking_without_one(database: sa.URL) -> None:
    """Where no such connection can be had, the finding says what that costs, and what to do."""
    found = await check_direct_connection(database.set(port=1).render_as_string(hide_password=False))
    assert found.ok is False
    assert "after 15 s only" in found.line
    assert "session mode" in found.line
