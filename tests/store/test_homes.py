"""App Homes become due correctly on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.history.model import Run
from bot.history.queries import save_runs
from bot.home.queries import (
    HomeRow,
    find_due_homes,
    find_next_home_due,
    mark_home_drawn,
    mark_home_opened,
    mark_homes_changed,
)
from bot.store.migrate import upgrade
from bot.store.tables_people import people
from bot.store.transactions import Store

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PAUSE, WEEK = timedelta(seconds=10), timedelta(days=7)
ALICE = "alice@acme.example"


def run(author: str, heard_at: datetime) -> Run:
    """A build with that author, reported at that time."""
    words = (
        "b1",
        "web",
        1,
        "main",
        "abc",
        "running",
        "webhook",
        "",
        author,
        "Fix",
        "https://buildkite.com/acme/web/1",
    )
    return Run(*words, NOW, NOW, NOW, None, heard_at)


async def open_home(store: Store, at: datetime) -> HomeRow:
    """Let Alice's home be opened and published at that time; her address is known."""
    profile = {"name": "alice", "email": ALICE.title(), "standing": "member", "fetched_at": at}
    async with store.write() as tx:
        await tx.execute(sa.insert(people).values(team="T1", user_id="U1", **profile))
        await mark_home_opened(tx, "T1", "U1", at, PAUSE, empty=True)
        (row,) = await find_due_homes(tx, at, 10)
        await mark_home_drawn(tx, row, at, "digest")
    return row


async def find_due(store: Store, at: datetime) -> list[str]:
    """Return whose homes are due at that time, after checking what has changed."""
    async with store.write() as tx:
        await mark_homes_changed(tx, at - WEEK, at, PAUSE)
        return [row.user for row in await find_due_homes(tx, at, 10)]


async def test_a_persons_build_makes_their_home_due(url: str, store: Store) -> None:
    """The address alone decides, whatever its case; not sooner than ten seconds after the last update."""
    await upgrade(url)
    await open_home(store, NOW)
    async with store.write() as tx:
        await save_runs(tx, [run("bob@acme.example", NOW + timedelta(seconds=3))])
    assert await find_due(store, NOW + timedelta(seconds=4)) == []
    async with store.write() as tx:
        await save_runs(tx, [run(ALICE, NOW + timedelta(seconds=5))])
    assert await find_due(store, NOW + timedelta(seconds=6)) == []
    assert await find_due(store, NOW + timedelta(seconds=10)) == ["U1"]


async def test_a_reopened_home_waits_too(url: str, store: Store) -> None:
    """Reopened three seconds after an update, it is due seven seconds later; after an hour, at once."""
    await upgrade(url)
    await open_home(store, NOW)
    for later, first in ((3, 10), (3600, 3600)):
        at = NOW + timedelta(seconds=later)
        async with store.write() as tx:
            await mark_home_opened(tx, "T1", "U1", at, PAUSE, empty=False)
            assert await find_next_home_due(tx) == NOW + timedelta(seconds=first)


async def test_a_home_opened_during_an_update_stays_due(url: str, store: Store) -> None:
    """A change during an update isn't lost."""
    await upgrade(url)
    async with store.write() as tx:
        await mark_home_opened(tx, "T1", "U1", NOW, PAUSE, empty=True)
        (row,) = await find_due_homes(tx, NOW, 10)
        await mark_home_opened(tx, "T1", "U1", NOW + timedelta(seconds=1), PAUSE, empty=True)
        await mark_home_drawn(tx, row, NOW, "digest")
        assert await find_next_home_due(tx) == NOW + timedelta(seconds=1)
