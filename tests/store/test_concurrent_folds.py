"""Two replicas can change one build at the same moment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.buildkite.models import Build
from bot.buildkite.resources import MARK_KEY
from bot.builds.cards.queries import find_cards_of_build
from bot.builds.fold.build_fold import BuildFold
from bot.builds.model import NewCard
from bot.builds.queries import find_build, find_next_read_time
from bot.slack.types import Thread
from bot.store import migrate
from bot.store.transactions import Store

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def make_build(state: str, number: int = 1, **more: object) -> Build:
    """Make a build of `web`."""
    web = f"https://buildkite.com/acme/web/builds/{number}"
    build = {"id": f"b{number}", "number": number, "state": state, "web_url": web, "created_at": NOW, **more}
    build["url"] = f"https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/{number}"
    build["pipeline"] = {"slug": "web"}
    return Build.model_validate(build)


@pytest.fixture(autouse=True)
async def _migrated(url: str) -> None:
    await migrate.upgrade(url)


async def test_simultaneous_follows_keep_every_card(store: Store) -> None:
    """Two replicas that follow one build at the same moment create one row of it and keep both cards."""

    async def follow(channel: str) -> None:
        async with store.write() as tx:
            where = Thread("T1", channel)
            await BuildFold(NOW, webhooks_arriving=True).track(
                tx, make_build("scheduled"), NewCard(f"card-{channel}", where, "U1")
            )

    await asyncio.gather(follow("C1"), follow("C2"))
    async with store.read() as tx:
        assert len(await find_cards_of_build(tx, "b1")) == 2


async def test_a_webhook_before_the_follow_is_unconfirmed(store: Store) -> None:
    """A webhook that is folded before its build is followed leaves it unconfirmed, and it is read at once."""
    later = NOW + timedelta(seconds=1)
    async with store.write() as tx:
        ours = make_build("running", meta_data={MARK_KEY: "i1"}, started_at=NOW)
        assert await BuildFold(NOW, webhooks_arriving=True).fold_webhooks(tx, [(ours, ())])
    async with store.write() as tx:
        await BuildFold(later, webhooks_arriving=True).track(
            tx, make_build("scheduled"), NewCard("card", Thread("T1", "C1"), "U1")
        )
    async with store.read() as tx:
        known = await find_build(tx, "b1")
        due = await find_next_read_time(tx)
    assert known is not None
    assert (known.build.phase, known.unconfirmed) == ("running", True)
    assert due is not None
    assert due - later < timedelta(seconds=3)


async def test_unconfirmed_changes_of_all_replicas_count(store: Store) -> None:
    """Ten webhooks folded at the same moment count as ten reported changes: none overwrites another."""
    async with store.write() as tx:
        await BuildFold(NOW, webhooks_arriving=True).track(
            tx, make_build("scheduled"), NewCard("card", Thread("T1", "C1"), "U1")
        )

    async def fold_change(second: int) -> None:
        build = make_build("running", started_at=NOW + timedelta(seconds=second), message=f"word {second}")
        async with store.write() as tx:
            await BuildFold(NOW, webhooks_arriving=True).fold_webhooks(tx, [(build, ())])

    await asyncio.gather(*(fold_change(second) for second in range(1, 11)))
    async with store.read() as tx:
        known = await find_build(tx, "b1")
    assert known is not None
    assert known.changes_reported == 10


async def test_builds_are_locked_in_the_same_order(store: Store) -> None:
    """Transactions that need the same builds in opposite order wait for each other, and none fails."""
    for number in range(1, 6):
        async with store.write() as tx:
            await BuildFold(NOW, webhooks_arriving=True).track(
                tx, make_build("scheduled", number), NewCard(f"card-{number}", Thread("T1", "C1"), "U1")
            )

    async def fold(numbers: list[int]) -> None:
        async with store.write() as tx:
            build = [(make_build("running", number, started_at=NOW), ()) for number in numbers]
            await BuildFold(NOW, webhooks_arriving=True).fold_webhooks(tx, build)

    there, back = [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]
    await asyncio.gather(*(fold(order) for order in (there, back) * 4))
