"""Migrations keep existing rows, can start in several places at once, and never run on a newer schema."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from bot.errors import KitestringError
from bot.store import migrate
from bot.store.transactions import Store

# What the first version writes: its columns only.
FIRST = (
    """INSERT INTO invocations (id, key, operation, args, user_id, team, channel, via, created_at)
    VALUES (:id, :id, 'build create', :nothing, 'U1', 'T1', 'C1', 'slash', 1)""",
    """INSERT INTO builds (id, org, pipeline, number, build, phase)
    VALUES (:id, 'acme', 'web', 1, '{}', 'running')""",
    """INSERT INTO cards (id, build_id, team, channel) VALUES (:id, :id, 'T1', 'C1')""",
    """INSERT INTO notices (key, kind, team, channel) VALUES (:id, 'started', 'T1', 'C1')""",
    """INSERT INTO jobs (id, build_id, job) VALUES (:id, :id, '{}')""",
    """INSERT INTO deliveries (delivery_id, event, body) VALUES (:id, 'build.running', :nothing)""",
    """INSERT INTO people (team, user_id, name, standing) VALUES ('T1', :id, 'Alice', 'member')""",
    """INSERT INTO audit (operation, transition) VALUES ('build create', 'done')""",
)
TABLES = ("invocations", "builds", "cards", "notices", "jobs", "deliveries", "people", "audit")


async def _first_version_writes(store: Store, name: str) -> None:
    async with store.write() as tx:
        for statement in FIRST:
            wanted = {"id": name, "nothing": b""}
            await tx.execute(sa.text(statement), {key: wanted[key] for key in wanted if f":{key}" in statement})


async def _counts(store: Store) -> set[int]:
    async with store.read() as tx:
        return {await tx.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0 for table in TABLES}  # noqa: S608


async def test_existing_rows_are_kept(url: str, store: Store) -> None:
    """A database with rows of the first version is migrated, and every row is still there."""
    await migrate.upgrade(url, "0001")
    await _first_version_writes(store, "old")
    await migrate.upgrade(url)
    assert await migrate.read_current_revision(url) == migrate.newest_revision()
    assert await _counts(store) == {1}


async def test_rows_of_the_previous_schema_are_kept(url: str, store: Store) -> None:
    """The newest migration leaves the rows of the schema before it alone; what it adds is empty."""
    *_, previous, newest = migrate.list_revisions()
    await migrate.upgrade(url, previous)
    await _first_version_writes(store, "old")
    await migrate.upgrade(url)
    assert await migrate.read_current_revision(url) == newest
    assert await _counts(store) == {1}
    async with store.read() as tx:
        assert await tx.scalar(sa.text("SELECT agent FROM cards")) is None
        assert await tx.scalar(sa.text("SELECT count(*) FROM api_tokens")) == 0


async def test_the_previous_version_can_still_write(url: str, store: Store) -> None:
    """The schema only grows: the newest one accepts what the first version inserts."""
    await migrate.upgrade(url)
    await _first_version_writes(store, "late")
    assert await _counts(store) == {1}


async def test_replicas_that_start_together_migrate_once(url: str) -> None:
    """Four simultaneous starts take turns, and all find the newest schema."""
    if url.startswith("sqlite"):
        await migrate.upgrade(url)
    await asyncio.gather(*(migrate.upgrade(url) for _ in range(4)))
    assert await migrate.read_current_revision(url) == migrate.newest_revision()


@pytest.mark.parametrize("start", [migrate.upgrade, migrate.check_schema])
async def test_a_newer_schema_is_refused(url: str, store: Store, start: object) -> None:
    """A database that a newer version has migrated is left unchanged, with or without `--no-migrate`."""
    await migrate.upgrade(url)
    async with store.write() as tx:
        await tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(KitestringError, match="9999, which this version doesn't know"):
        await start(url)  # type: ignore[operator]


async def test_no_migrate_refuses_an_old_schema(url: str) -> None:
    """`--no-migrate` on an older database says what to do."""
    await migrate.upgrade(url, "0001")
    with pytest.raises(KitestringError, match="kitestring migrate"):
        await migrate.check_schema(url)
    assert await migrate.read_current_revision(url) == "0001"


def test_file_names_match_the_revisions() -> None:
    """The revisions in file names are those in the migrations, in the same order."""
    scripts = ScriptDirectory(str(migrate.MIGRATIONS)).walk_revisions()
    assert migrate.list_revisions() == tuple(reversed([script.revision for script in scripts]))
