"""Small writes that people wait for: each is whole, each learns what became of it, and many share a commit."""

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
from bot.store.transactions import Store
from webhooks.router import observe

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
KEEP = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING key"
MISTAKEN = "INSERT INTO meta (key, value) VALUES (?, NULL) RETURNING key"


async def _kept(store: Store) -> dict[str, str]:
    async with store.read() as tx:
        return {str(key): str(value) for key, value in await tx.execute(sa.text("SELECT key, value FROM meta"))}


async def test_of_two_who_ask_at_once_for_one_key_one_is_told_that_it_was_there(url: str, store: Store) -> None:
    """Whoever came first has written it, the other one learns so, and both know that it is durable."""
    await migrate.upgrade(url)
    found = await asyncio.gather(*(store.write_small((KEEP, ("key", f"of {number}"))) for number in range(8)))
    assert sorted(found) == [False] * 7 + [True]
    assert await _kept(store) == {"key": f"of {found.index(True)}"}


async def test_all_steps_of_one_happen_or_none(url: str, store: Store) -> None:
    """A mistake in the second step takes the first one back, and is raised to the one who asked."""
    await migrate.upgrade(url)
    with pytest.raises(Exception, match=r"(?i)not.null"):
        await store.write_small((KEEP, ("first", "1")), (MISTAKEN, ("second",)))
    assert await _kept(store) == {}
    assert await store.write_small((KEEP, ("after", "1")))
    assert await _kept(store) == {"after": "1"}


async def test_what_waits_for_the_turn_to_write_is_one_commit(url: str, store: Store) -> None:
    """On SQLite all that were asked for while somebody else wrote are committed at once."""
    await migrate.upgrade(url)
    async with store.write() as tx:
        await tx.execute(sa.text("INSERT INTO meta (key, value) VALUES ('slow', '1')"))
        asked = [asyncio.create_task(store.write_small((KEEP, (f"key {number}", "1")))) for number in range(8)]
        await tx.scalar(sa.text("SELECT 1"))  # by now they all wait for their turn
        before = store.commits
    assert await asyncio.gather(*asked) == [True] * 8
    assert store.commits - before == (2 if store.sqlite else 9)


async def test_while_people_write_the_inbox_takes_few_webhooks_at_a_time(url: str, store: Store) -> None:
    """A backlog is read in large steps; the step after somebody's small write is a short one."""
    await migrate.upgrade(url)
    clock = ManualClock(NOW)
    inbox = Inbox(store, clock, observe, lambda: None, lambda _age: None, SubscriptionCache())
    waiting = [Delivery("ping", b'{"event": "ping"}', f"id-{number}", NOW) for number in range(BATCH + 2 * BATCH_WHILE_WRITING)]
    await insert_deliveries(store, waiting)
    await store.write_small((KEEP, ("said", "1")))
    assert [await inbox.tick() for _ in range(2)] == [BATCH_WHILE_WRITING, BATCH]
    await store.write_small((KEEP, ("said again", "1")))
    assert [await inbox.tick() for _ in range(2)] == [BATCH_WHILE_WRITING, 0]


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
async def test_a_connection_that_is_cut_in_between_says_so_in_one_sentence(
    url: str, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL goes away amid a small write or a statement alone: Unavailable, no traceback, it goes on."""
    await migrate.upgrade(url)
    cut = "SELECT pg_terminate_backend(pg_backend_pid())"
    with pytest.raises(Unavailable):
        await store.write_small((KEEP, ("first", "1")), (cut, ()))
    with pytest.raises(Unavailable):
        async with store.write_single() as line:
            await line.fetch(cut)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
    assert await store.write_small((KEEP, ("after", "1")))
    assert await _kept(store) == {"after": "1"}
