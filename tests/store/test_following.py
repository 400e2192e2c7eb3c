"""What two replicas do to one build at the same moment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.buildkite.models import Build
from bot.buildkite.resources import MARK_KEY
from bot.builds.cards.queries import find_cards_of_build
from bot.builds.fold.build_fold import BuildFold
from bot.builds.queries import find_build, find_next_read_time
from bot.slack.types import Thread
from bot.store import migrate
from bot.store.transactions import Store

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def build_in(state: str, number: int = 1, **more: object) -> Build:
    """A build of `web`."""
    web = f"https://buildkite.com/acme/web/builds/{number}"
    said = {"id": f"b{number}", "number": number, "state": state, "web_url": web, "created_at": NOW, **more}
    said["url"] = f"https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/{number}"
    said["pipeline"] = {"slug": "web"}
    return Build.model_validate(said)


@pytest.fixture(autouse=True)
async def _migrated(url: str) -> None:
    await migrate.upgrade(url)


async def test_following_at_once_keeps_every_card(store: Store) -> None:
    """Two replicas that follow one build at the same moment make one row of it and keep both cards."""

    async def follow(channel: str) -> None:
        async with store.write() as tx:
            where = Thread("T1", channel)
            await BuildFold(NOW, alive=True).follow(tx, build_in("scheduled"), where, "U1", f"card-{channel}")

    await asyncio.gather(follow("C1"), follow("C2"))
    async with store.read() as tx:
        assert len(await find_cards_of_build(tx, "b1")) == 2


async def test_what_is_heard_before_a_build_is_followed_is_in_doubt(store: Store) -> None:
    """A webhook that is read before its build is followed is not lost: the build is in doubt, and read at once."""
    later = NOW + timedelta(seconds=1)
    async with store.write() as tx:
        ours = build_in("running", meta_data={MARK_KEY: "i1"}, started_at=NOW)
        assert await BuildFold(NOW, alive=True).heard(tx, [(ours, ())])
    async with store.write() as tx:
        await BuildFold(later, alive=True).follow(tx, build_in("scheduled"), Thread("T1", "C1"), "U1", "card")
    async with store.read() as tx:
        known = await find_build(tx, "b1")
        due = await find_next_read_time(tx)
    assert known is not None
    assert (known.build.phase, known.doubtful) == ("running", True)
    assert due is not None
    assert due - later < timedelta(seconds=3)


async def test_doubts_of_all_replicas_count(store: Store) -> None:
    """Ten webhooks that differ, folded at the same moment, raise ten doubts: none overwrites another."""
    async with store.write() as tx:
        await BuildFold(NOW, alive=True).follow(tx, build_in("scheduled"), Thread("T1", "C1"), "U1", "card")

    async def hear(second: int) -> None:
        said = build_in("running", started_at=NOW + timedelta(seconds=second), message=f"word {second}")
        async with store.write() as tx:
            await BuildFold(NOW, alive=True).heard(tx, [(said, ())])

    await asyncio.gather(*(hear(second) for second in range(1, 11)))
    async with store.read() as tx:
        known = await find_build(tx, "b1")
    assert known is not None
    assert known.doubt == 10


async def test_builds_are_locked_in_one_order(store: Store) -> None:
    """Transactions that want the same builds the other way round wait for each other, and none fails."""
    for number in range(1, 6):
        async with store.write() as tx:
            await BuildFold(NOW, alive=True).follow(
                tx, build_in("scheduled", number), Thread("T1", "C1"), "U1", f"card-{number}"
            )

    async def fold(numbers: list[int]) -> None:
        async with store.write() as tx:
            said = [(build_in("running", number, started_at=NOW), ()) for number in numbers]
            await BuildFold(NOW, alive=True).heard(tx, said)

    there, back = [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]
    await asyncio.gather(*(fold(order) for order in (there, back) * 4))
