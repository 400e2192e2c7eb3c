"""Each small write is atomic and reports its outcome, and many share a commit."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot.builds.ingest.inbox import BATCH, BATCH_WHILE_WRITING, Inbox
from bot.builds.ingest.queries import insert_deliveries
from bot.builds.webhook_event import Delivery
from bot.errors import Unavailable
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.runtime.clock import ManualClock
from bot.store import migrate
from bot.store.small_writes import ForEachRow, InsertUnlessExists
from bot.store.transactions import Store
from webhooks.router import read_event

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
KEEP = InsertUnlessExists("meta", ("key", "value"))
MISTAKEN = ForEachRow("INSERT INTO meta (key, value) VALUES (?, NULL)")
CUT = ForEachRow("SELECT pg_terminate_backend(pg_backend_pid())")


async def _read_meta(store: Store) -> dict[str, str]:
    async with store.read() as tx:
        return {str(key): str(value) for key, value in await tx.execute(sa.text("SELECT key, value FROM meta"))}


async def test_only_the_first_insert_of_a_key_reports_a_change(url: str, store: Store) -> None:
    """Of two simultaneous inserts of a key, the first reports a change, the other none; both are durable."""
    await migrate.upgrade(url)
    found = await asyncio.gather(*(store.write_small((KEEP, ("key", f"of {number}"))) for number in range(8)))
    assert sorted(found) == [False] * 7 + [True]
    assert await _read_meta(store) == {"key": f"of {found.index(True)}"}


async def test_a_write_is_atomic(url: str, store: Store) -> None:
    """A mistake in the second step undoes the first one, and is raised to the caller."""
    await migrate.upgrade(url)
    with pytest.raises(Exception, match=r"(?i)not.null"):
        await store.write_small((KEEP, ("first", "1")), (MISTAKEN, ("second",)))
    assert await _read_meta(store) == {}
    assert await store.write_small((KEEP, ("after", "1")))
    assert await _read_meta(store) == {"after": "1"}


async def test_a_mistake_fails_only_its_own_write(url: str, store: Store) -> None:
    """Of writes that would share a commit, the one with a mistake raises it; the others are durable."""
    await migrate.upgrade(url)
    async with store.write():
        good = [asyncio.create_task(store.write_small((KEEP, (f"key {number}", "1")))) for number in range(4)]
        bad = asyncio.create_task(store.write_small((KEEP, ("bad", "1")), (MISTAKEN, ("second",))))
        await asyncio.sleep(0)
    assert await asyncio.gather(*good) == [True] * 4
    with pytest.raises(Exception, match=r"(?i)not.null"):
        await bad
    assert sorted(await _read_meta(store)) == [f"key {number}" for number in range(4)]


async def test_waiting_writes_share_a_commit(url: str, store: Store) -> None:
    """On SQLite, all writes that were requested during another transaction are committed together."""
    await migrate.upgrade(url)
    before = store.commits
    async with store.write() as tx:
        await tx.execute(sa.text("INSERT INTO meta (key, value) VALUES ('slow', '1')"))
        asked = [asyncio.create_task(store.write_small((KEEP, (f"key {number}", "1")))) for number in range(8)]
        await tx.scalar(sa.text("SELECT 1"))  # by now they all wait for their turn, on PostgreSQL some have ended
    assert await asyncio.gather(*asked) == [True] * 8
    assert store.commits - before == (2 if store.sqlite else 9)


async def test_the_inbox_takes_small_batches_while_people_write(url: str, store: Store) -> None:
    """A backlog is read in large batches; the batch after a small write is a small one."""
    await migrate.upgrade(url)
    clock = ManualClock(NOW)
    inbox = Inbox(store, clock, read_event, lambda: None, lambda _age: None, SubscriptionCache())
    waiting = [
        Delivery("ping", b'{"event": "ping"}', f"id-{number}", NOW)
        for number in range(BATCH + 2 * BATCH_WHILE_WRITING)
    ]
    async with store.write_directly() as driver:
        await insert_deliveries(driver, waiting)
    await store.write_small((KEEP, ("said", "1")))
    assert [await inbox.tick() for _ in range(2)] == [BATCH_WHILE_WRITING, BATCH]
    await store.write_small((KEEP, ("said again", "1")))
    assert [await inbox.tick() for _ in range(2)] == [BATCH_WHILE_WRITING, 0]


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
async def test_a_lost_connection_raises_unavailable(
    url: str, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """If PostgreSQL goes away during a write, it raises Unavailable, and later writes work."""
    await migrate.upgrade(url)
    with pytest.raises(Unavailable):
        await store.write_small((KEEP, ("first", "1")), (CUT, ()))
    with pytest.raises(Unavailable):
        async with store.write_directly() as driver:
            await driver.execute([CUT.build_call([()])])
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
    assert await store.write_small((KEEP, ("after", "1")))
    assert await _read_meta(store) == {"after": "1"}
