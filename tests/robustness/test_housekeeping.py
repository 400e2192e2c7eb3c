"""What is old goes, what is needed stays, and no tick takes long."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from bot.builds.ingest.queries import insert_deliveries
from bot.builds.webhook_event import Delivery
from bot.store.retention import BATCH, Retention
from bot.store.tables import builds, cards, choices, invocations, jobs, notices
from bot.store.tables import deliveries as delivered
from tests.conversations.world import World
from tests.robustness.lives import settled
from tests.robustness.truth import assert_true

OF_BUILDS = (builds, cards, jobs, notices)


async def rows(world: World, table: sa.Table) -> int:
    """How many rows a table has."""
    async with world.bot.store.read() as tx:
        return await tx.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def cleaned(world: World) -> int:
    """A fresh housekeeper goes through everything; how many rows it took away."""
    keeper, count = Retention(world.bot.store, world.clock), 0
    while done := await keeper.tick():
        count += done
    return count


async def lived(world: World) -> None:
    """A build from start to end, and a private answer with buttons."""
    await world.bob.types(world.deploys, "/bk build create web")
    await settled(world, 5)
    world.buildkite.run_build(world.buildkite.builds[-1], fail=["lint"])
    await settled(world, 30)
    await world.bob.types(world.deploys, "/bk job list web 1")
    await settled(world, 30)


async def test_nothing_young_is_taken_away(world: World) -> None:
    """An hour after a build nothing of it is missing."""
    await lived(world)
    world.clock.advance(3600)
    assert await cleaned(world) == 0
    assert_true(world, world.buildkite.builds[-1])


async def test_webhooks_that_were_read_go_after_a_day(world: World) -> None:
    """Deliveries stay for a day, so that a repeat is known, and not longer."""
    await lived(world)
    assert await rows(world, delivered)
    world.clock.advance(25 * 3600)
    await cleaned(world)
    assert await rows(world, delivered) == 0
    assert await rows(world, invocations)


async def test_what_was_asked_for_goes_after_thirty_days(world: World) -> None:
    """Invocations and what buttons stood for go after a month; builds stay longer."""
    await lived(world)
    assert await rows(world, choices)
    world.clock.advance(timedelta(days=31).total_seconds())
    await cleaned(world)
    assert await rows(world, invocations) == await rows(world, choices) == 0
    assert await rows(world, builds)


async def test_builds_go_with_all_that_belongs_to_them_after_sixty_days(world: World) -> None:
    """Nothing of a build is left two months after its last word."""
    await lived(world)
    world.clock.advance(timedelta(days=62).total_seconds())
    await settled(world, 1)
    world.clock.advance(timedelta(days=62).total_seconds())
    await cleaned(world)
    assert [await rows(world, table) for table in OF_BUILDS] == [0, 0, 0, 0]


async def test_a_tick_takes_a_bounded_number_of_rows(world: World) -> None:
    """A thousand old webhooks are taken away in bounded steps."""
    arrived = [Delivery("build.running", b"{}", f"id-{number}", world.clock.now()) for number in range(450)]
    await insert_deliveries(world.bot.store, arrived)
    async with world.bot.store.write() as tx:
        await tx.execute(sa.update(delivered).values(state="done", body=None))
    world.clock.advance(25 * 3600)
    keeper = Retention(world.bot.store, world.clock)
    assert [await keeper.tick() for _ in range(4)] == [BATCH, BATCH, 450 - 2 * BATCH, 0]


async def test_it_is_done_once_an_hour(world: World) -> None:
    """Between two rounds nothing is looked at."""
    keeper = Retention(world.bot.store, world.clock)
    assert await keeper.tick() == 0
    due = await keeper.next_at()
    assert due is not None
    assert due - world.clock.now() == timedelta(hours=1)
    before = world.bot.store.commits
    assert await keeper.tick() == 0
    assert world.bot.store.commits == before
