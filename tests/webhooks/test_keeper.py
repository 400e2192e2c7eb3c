"""Webhooks during a slow commit: those stored soon wait, the others are rejected."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.builds.ingest.spool import DeliverySpool
from bot.builds.webhook_event import Delivery
from bot.errors import Unavailable
from bot.runtime.clock import ManualClock
from bot.runtime.group_commit import callback_future
from bot.store import migrate
from bot.store.tables import deliveries
from bot.store.transactions import Store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty database."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'kitestring.db'}"
    await migrate.upgrade(url)
    made = Store(url)
    yield made
    await made.close()


@pytest.fixture
def keeper(store: Store, rig) -> DeliverySpool:
    """A keeper that stores deliveries in that database."""
    return DeliverySpool(store, lambda: None, rig.clock)


def deliver(
    keeper: DeliverySpool, clock: ManualClock, name: str | None, body: bytes = b"{}"
) -> asyncio.Future[None]:
    """Deliver a webhook with that id, and return when it is stored."""
    return callback_future(partial(keeper.keep, Delivery("ping", body, name, clock.now())))


async def read_ids(store: Store) -> list[str | None]:
    """Return the ids of the stored deliveries, oldest first."""
    async with store.read() as tx:
        return list(await tx.scalars(sa.select(deliveries.c.delivery_id).order_by(deliveries.c.id)))


async def test_a_webhook_is_rejected_after_two_seconds_of_a_commit(store, keeper, rig):
    """If a commit has taken three seconds, a second webhook gets a time to retry; the first is stored."""
    async with store.write():
        first = deliver(keeper, rig.clock, "first")
        rig.clock.advance(3)
        with pytest.raises(Unavailable) as refused:
            await deliver(keeper, rig.clock, "second")
        assert refused.value.retry_after == 3
    await first
    await deliver(keeper, rig.clock, "third")
    assert await read_ids(store) == ["first", "third"]


async def test_a_webhook_waits_within_two_seconds_of_a_commit(store, keeper, rig):
    """If a commit has taken half a second, webhooks wait and are committed together when its turn comes."""
    async with store.write() as tx:
        first = deliver(keeper, rig.clock, "first")
        await tx.scalar(sa.text("SELECT 1"))  # by now the first one's commit waits for its turn
        rig.clock.advance(0.5)
        others = [deliver(keeper, rig.clock, name) for name in ("second", "third")]
        before = store.commits
    await asyncio.gather(first, *others)
    assert await read_ids(store) == ["first", "second", "third"]
    assert store.commits - before == 2  # the test's own, and one for all three


async def test_a_slow_commit_does_not_affect_later_webhooks(store, keeper, rig):
    """After a commit of a minute, a webhook with nothing in progress is stored as usual."""
    async with store.write():
        first = deliver(keeper, rig.clock, "first")
        rig.clock.advance(60)
    await first
    await asyncio.gather(*(deliver(keeper, rig.clock, name) for name in ("second", "third")))
    assert await read_ids(store) == ["first", "second", "third"]


async def test_a_repeated_id_keeps_the_first_body(store, keeper, rig):
    """Within and across commits the first body stays; deliveries without an id are all stored."""
    await asyncio.gather(deliver(keeper, rig.clock, "one", b"1"), deliver(keeper, rig.clock, "one", b"2"))
    await deliver(keeper, rig.clock, "one", b"3")
    for _ in range(2):
        await deliver(keeper, rig.clock, None, b"4")
    async with store.read() as tx:
        assert list(await tx.scalars(sa.select(deliveries.c.body).order_by(deliveries.c.id))) == [b"1", b"4", b"4"]
