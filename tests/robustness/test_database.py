"""When the database is locked, full, read-only or gone, the bot says so, and works again afterwards."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.app.bot import build_bot
from bot.app.platform import find_database_file
from bot.errors import KitestringError, Unavailable
from tests.conversations.world import World
from tests.robustness.lives import Lives, open_town, settle
from tests.robustness.truth import assert_card_is_correct, assert_posted_once, read_private


async def _hasty(world: World) -> None:
    """Don't wait in real time for a lock."""
    async with world.bot.platform.store.write() as tx:
        await tx.exec_driver_sql("PRAGMA busy_timeout=0")


async def test_a_locked_database_is_reported(world: World) -> None:
    """Webhooks get 503 and a command a private answer; both work again once the lock is gone."""
    await world.bob.types(world.deploys, "/bk build create web")
    await settle(world, 10)
    build = world.buildkite.builds[-1]
    await _hasty(world)
    other = sqlite3.connect(find_database_file(world.settings), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        world.buildkite.run_build(build)
        answered = await world.buildkite.deliver()
        assert {status for _event, status in answered} == {503}
        await world.bob.types(world.deploys, "/bk build create mobile")
        assert "My database isn't responding" in read_private(world, world.bob)
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert not [build for build in world.buildkite.builds if build.pipeline.slug == "mobile"]
    await settle(world, 120)
    assert_card_is_correct(world, build)
    await world.bob.types(world.deploys, "/bk build create mobile")
    await settle(world, 30)
    assert_card_is_correct(world, world.buildkite.builds[-1])


async def test_a_full_disk_is_an_outage(world: World) -> None:
    """While no page can be added nothing is half-written, and everything continues when there is room."""
    await world.bob.types(world.deploys, "/bk build create web")
    await settle(world, 10)
    build = world.buildkite.builds[-1]
    async with world.bot.platform.store.write() as tx:
        pages = (await tx.exec_driver_sql("PRAGMA page_count")).scalar()
        await tx.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    await world.bob.types(world.deploys, "/bk build create mobile -m " + "x" * 1900)
    with pytest.raises(Unavailable):
        async with world.bot.platform.store.write() as tx:
            await tx.execute(sa.text("INSERT INTO meta VALUES ('big', :much)"), {"much": "x" * 500_000})
    async with world.bot.platform.store.write() as tx:
        await tx.exec_driver_sql("PRAGMA max_page_count=1073741823")
    world.buildkite.run_build(build)
    await settle(world, 120)
    assert_card_is_correct(world, build)
    assert_posted_once(world)


async def test_a_read_only_database_starts_nothing(world: World) -> None:
    """The bot requests nothing from Buildkite that it couldn't record first."""
    async with world.bot.platform.store.write() as tx:
        await tx.exec_driver_sql("PRAGMA query_only=ON")
    before = len(world.buildkite.builds)
    await world.bob.types(world.deploys, "/bk build create web")
    await world.bot.drain()
    assert "My database isn't responding" in read_private(world, world.bob)
    assert len(world.buildkite.builds) == before


async def test_a_create_that_cannot_be_recorded_is_not_repeated(world: World) -> None:
    """If Buildkite's answer can't be recorded, there is one build, which is found again, and one card."""
    hang = world.buildkite.faults.hang(method="POST", path="/builds$", applied=True)
    await world.bob.types(world.deploys, "/bk build create web")
    await hang.arrived.wait()
    await _hasty(world)
    other = sqlite3.connect(find_database_file(world.settings), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    hang.release()
    await world.bot.drain()
    other.execute("ROLLBACK")
    other.close()
    assert "Try again" not in read_private(world, world.bob)
    await settle(world, 120)
    assert len([build for build in world.buildkite.builds if build.pipeline.slug == "web"]) == 1
    assert_card_is_correct(world, world.buildkite.builds[-1])


async def test_a_deleted_file_is_noticed(world: World) -> None:
    """Writes to a deleted file would be lost, so it counts as an outage until the file is back."""
    file = find_database_file(world.settings)
    away = file.with_name("elsewhere.db")
    file.rename(away)
    with pytest.raises(Unavailable):
        async with world.bot.platform.store.write():
            pass
    away.rename(file)
    async with world.bot.platform.store.write():
        pass


async def test_a_newer_schema_is_not_touched(tmp_path: Path) -> None:
    """A database that a newer version has migrated stops the start with one sentence."""
    async with open_town(tmp_path) as lives:
        await lives.start_first_life()
        await _from_the_future(lives)
        for migrate in (True, False):
            with pytest.raises(KitestringError, match="doesn't know"):
                await _start(lives, migrate=migrate)


async def _from_the_future(lives: Lives) -> None:
    async with lives.world.bot.platform.store.write() as tx:
        await tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))


async def _start(lives: Lives, *, migrate: bool) -> None:
    async with build_bot(lives.world.settings, lives.world.clock, migrate=migrate):
        pass
