"""The database is locked, full, read-only or gone: nothing is pretended, and everything goes on afterwards."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.app.build import build_bot
from bot.app.dependencies import find_database_file
from bot.errors import KitestringError, Unavailable
from tests.conversations.world import World
from tests.robustness.lives import Lives, settled, town
from tests.robustness.truth import assert_said_once, assert_true, private


async def _hasty(world: World) -> None:
    """Waiting for a lock takes no real time in these tests."""
    async with world.bot.store.write() as tx:
        await tx.exec_driver_sql("PRAGMA busy_timeout=0")


async def test_while_another_program_locks_it_webhooks_are_refused_and_people_are_told(world: World) -> None:
    """A 503 to webhooks, an honest private answer to a command; both work again when the lock is gone."""
    await world.bob.types(world.deploys, "/bk build create web")
    await settled(world, 10)
    build = world.buildkite.builds[-1]
    await _hasty(world)
    other = sqlite3.connect(find_database_file(world.settings), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        world.buildkite.run_build(build)
        answered = await world.buildkite.deliver()
        assert {status for _event, status in answered} == {503}
        await world.bob.types(world.deploys, "/bk build create mobile")
        assert "My database isn't responding" in private(world, world.bob)
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert not [build for build in world.buildkite.builds if build.pipeline.slug == "mobile"]
    await settled(world, 120)
    assert_true(world, build)
    await world.bob.types(world.deploys, "/bk build create mobile")
    await settled(world, 30)
    assert_true(world, world.buildkite.builds[-1])


async def test_a_full_disk_is_an_outage_like_any_other(world: World) -> None:
    """No page can be added: nothing is half-written, and when there is room again all goes on."""
    await world.bob.types(world.deploys, "/bk build create web")
    await settled(world, 10)
    build = world.buildkite.builds[-1]
    async with world.bot.store.write() as tx:
        pages = (await tx.exec_driver_sql("PRAGMA page_count")).scalar()
        await tx.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    await world.bob.types(world.deploys, "/bk build create mobile -m " + "x" * 1900)
    with pytest.raises(Unavailable):
        async with world.bot.store.write() as tx:
            await tx.execute(sa.text("INSERT INTO meta VALUES ('big', :much)"), {"much": "x" * 500_000})
    async with world.bot.store.write() as tx:
        await tx.exec_driver_sql("PRAGMA max_page_count=1073741823")
    world.buildkite.run_build(build)
    await settled(world, 120)
    assert_true(world, build)
    assert_said_once(world)


async def test_a_read_only_database_is_told_and_nothing_is_started(world: World) -> None:
    """Nothing is asked of Buildkite that could not be written down first."""
    async with world.bot.store.write() as tx:
        await tx.exec_driver_sql("PRAGMA query_only=ON")
    before = len(world.buildkite.builds)
    await world.bob.types(world.deploys, "/bk build create web")
    await world.bot.runner.drain()
    assert "My database isn't responding" in private(world, world.bob)
    assert len(world.buildkite.builds) == before


async def test_a_create_whose_outcome_cannot_be_written_is_not_offered_again(world: World) -> None:
    """The database fails between Buildkite's answer and our note of it: one build, found again, one card."""
    hang = world.buildkite.faults.hang(method="POST", path="/builds$", applied=True)
    await world.bob.types(world.deploys, "/bk build create web")
    await hang.arrived.wait()
    await _hasty(world)
    other = sqlite3.connect(find_database_file(world.settings), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    hang.release()
    await world.bot.runner.drain()
    other.execute("ROLLBACK")
    other.close()
    assert "Try again" not in private(world, world.bob)
    await settled(world, 120)
    assert len([build for build in world.buildkite.builds if build.pipeline.slug == "web"]) == 1
    assert_true(world, world.buildkite.builds[-1])


async def test_a_file_that_was_taken_away_is_noticed(world: World) -> None:
    """What is written to a deleted file is lost: it counts as an outage until the file is back."""
    file = find_database_file(world.settings)
    away = file.with_name("elsewhere.db")
    file.rename(away)
    with pytest.raises(Unavailable):
        async with world.bot.store.write():
            pass
    away.rename(file)
    async with world.bot.store.write():
        pass


async def test_a_newer_schema_is_not_touched(tmp_path: Path) -> None:
    """A database that a newer version has migrated stops the start with one sentence."""
    async with town(tmp_path) as lives:
        await lives.begun()
        await _from_the_future(lives)
        for migrate in (True, False):
            with pytest.raises(KitestringError, match="does not know"):
                await _start(lives, migrate=migrate)


async def _from_the_future(lives: Lives) -> None:
    async with lives.world.bot.store.write() as tx:
        await tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))


async def _start(lives: Lives, *, migrate: bool) -> None:
    async with build_bot(lives.world.settings, lives.world.clock, migrate=migrate):
        pass
