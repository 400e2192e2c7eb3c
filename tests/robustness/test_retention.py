"""Old rows are deleted, needed ones stay, and no tick takes long."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from bot.builds.ingest.queries import insert_deliveries
from bot.builds.webhook_event import Delivery
from bot.store.retention import BATCH, Retention
from bot.store.tables import builds, cards, choices, invocations, jobs, notices
from bot.store.tables import deliveries as delivered
from bot.store.tables_people import proposals, votes
from tests.conversations.world import World
from tests.robustness.lives import settle
from tests.robustness.test_clock_set_back import protected_world
from tests.robustness.truth import assert_card_is_correct, find_bot_messages

__all__ = ["protected_world"]
OF_BUILDS = (builds, cards, jobs, notices)


async def count_rows(world: World, table: sa.Table) -> int:
    """Return the number of rows in a table."""
    async with world.bot.platform.store.read() as tx:
        return await tx.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def prune_everything(world: World) -> int:
    """Run a fresh Retention until nothing is left to delete; return the number of deleted rows."""
    keeper, count = Retention(world.bot.platform.store, world.clock), 0
    while done := await keeper.tick():
        count += done
    return count


async def play_build(world: World) -> None:
    """Play a build from start to end, with a private answer that has buttons."""
    await world.bob.types(world.deploys, "/bk build create web")
    await settle(world, 5)
    world.buildkite.run_build(world.buildkite.builds[-1], fail=["lint"])
    await settle(world, 30)
    await world.bob.types(world.deploys, "/bk job list web 1")
    await settle(world, 30)


async def test_recent_rows_stay(world: World) -> None:
    """An hour after a build all its rows are still there."""
    await play_build(world)
    world.clock.advance(3600)
    assert await prune_everything(world) == 0
    assert_card_is_correct(world, world.buildkite.builds[-1])


async def test_deliveries_are_deleted_after_a_day(world: World) -> None:
    """Deliveries stay for a day, so that a repeated one is recognised."""
    await play_build(world)
    assert await count_rows(world, delivered)
    world.clock.advance(25 * 3600)
    await prune_everything(world)
    assert await count_rows(world, delivered) == 0
    assert await count_rows(world, invocations)


async def test_invocations_and_choices_are_deleted_after_30_days(world: World) -> None:
    """Invocations and choices are deleted after 30 days; builds stay longer."""
    await play_build(world)
    assert await count_rows(world, choices)
    world.clock.advance(timedelta(days=31).total_seconds())
    await prune_everything(world)
    assert await count_rows(world, invocations) == await count_rows(world, choices) == 0
    assert await count_rows(world, builds)


async def test_decided_proposals_are_deleted_after_30_days(protected_world: World) -> None:
    """A refused proposal and its votes are deleted after 30 days, with the arguments; an open one stays."""
    world = protected_world
    for words in ("deploy-prod", "deploy-prod -b other"):
        await world.alice.types(world.deploys, f"/bk build create {words}")
        await world.settle(2)
    await world.bob.clicks(find_bot_messages(world)[0], "Refuse")
    await world.settle(2)
    world.clock.advance(timedelta(days=31).total_seconds())
    await prune_everything(world)
    assert await count_rows(world, proposals) == 1
    assert await count_rows(world, votes) == 0


async def test_builds_are_deleted_with_their_rows_after_60_days(world: World) -> None:
    """A build has no rows left 60 days after its last news."""
    await play_build(world)
    world.clock.advance(timedelta(days=62).total_seconds())
    await settle(world, 1)
    world.clock.advance(timedelta(days=62).total_seconds())
    await prune_everything(world)
    assert [await count_rows(world, table) for table in OF_BUILDS] == [0, 0, 0, 0]


async def test_a_tick_takes_a_bounded_number_of_rows(world: World) -> None:
    """A thousand old webhooks are deleted in bounded steps."""
    arrived = [Delivery("build.running", b"{}", f"id-{number}", world.clock.now()) for number in range(450)]
    async with world.bot.platform.store.write_directly() as driver:
        await insert_deliveries(driver, arrived)
    async with world.bot.platform.store.write() as tx:
        await tx.execute(sa.update(delivered).values(state="done", body=None))
    world.clock.advance(25 * 3600)
    keeper = Retention(world.bot.platform.store, world.clock)
    assert [await keeper.tick() for _ in range(4)] == [BATCH, BATCH, 450 - 2 * BATCH, 0]


async def test_retention_runs_once_an_hour(world: World) -> None:
    """Retention queries nothing between two rounds."""
    keeper = Retention(world.bot.platform.store, world.clock)
    assert await keeper.tick() == 0
    due = await keeper.next_at()
    assert due is not None
    assert due - world.clock.now() == timedelta(hours=1)
    before = world.bot.platform.store.commits
    assert await keeper.tick() == 0
    assert world.bot.platform.store.commits == before
