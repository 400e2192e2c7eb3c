"""Webhooks that come while the database is busy: those who are kept soon wait, the others are sent away."""

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
def keeper(store: Store, door) -> DeliverySpool:
    """Keeps in that database."""
    return DeliverySpool(store, lambda: None, door.clock)


def arrives(
    keeper: DeliverySpool, clock: ManualClock, name: str | None, body: bytes = b"{}"
) -> asyncio.Future[None]:
    """A webhook with that id; done when it is kept."""
    return callback_future(partial(keeper.keep, Delivery("ping", body, name, clock.now())))


async def names(store: Store) -> list[str | None]:
    """The ids of what is kept, oldest first."""
    async with store.read() as tx:
        return list(await tx.scalars(sa.select(deliveries.c.delivery_id).order_by(deliveries.c.id)))


async def test_who_would_wait_for_more_than_two_seconds_is_sent_away(store, keeper, door):
    """A commit has taken three seconds already: a second webhook is told when to come again, the first is kept."""
    async with store.write():
        first = arrives(keeper, door.clock, "first")
        door.clock.advance(3)
        with pytest.raises(Unavailable) as refused:
            await arrives(keeper, door.clock, "second")
        assert refused.value.retry_after == 3
    await first
    await arrives(keeper, door.clock, "third")
    assert await names(store) == ["first", "third"]


async def test_who_is_kept_within_two_seconds_waits(store, keeper, door):
    """A commit has taken half a second: what comes meanwhile is committed together by the next one."""
    async with store.write() as tx:
        first = arrives(keeper, door.clock, "first")
        await tx.scalar(sa.text("SELECT 1"))  # by now the first one's commit waits for its turn
        door.clock.advance(0.5)
        others = [arrives(keeper, door.clock, name) for name in ("second", "third")]
        before = store.commits
    await asyncio.gather(first, *others)
    assert await names(store) == ["first", "second", "third"]
    assert store.commits - before == 3  # the test's own, the first, and one for the two others


async def test_a_slow_commit_is_not_held_against_whoever_comes_when_nothing_waits(store, keeper, door):
    """The last commit took a minute; now nothing is under way, and it is tried again."""
    async with store.write():
        first = arrives(keeper, door.clock, "first")
        door.clock.advance(60)
    await first
    await asyncio.gather(*(arrives(keeper, door.clock, name) for name in ("second", "third")))
    assert await names(store) == ["first", "second", "third"]


async def test_a_repeated_id_is_left_as_it_is(store, keeper, door):
    """Within one commit and across commits the first body stays; without an id each is kept."""
    await asyncio.gather(arrives(keeper, door.clock, "one", b"1"), arrives(keeper, door.clock, "one", b"2"))
    await arrives(keeper, door.clock, "one", b"3")
    for _ in range(2):
        await arrives(keeper, door.clock, None, b"4")
    async with store.read() as tx:
        assert list(await tx.scalars(sa.select(deliveries.c.body).order_by(deliveries.c.id))) == [b"1", b"4", b"4"]
