"""Three processes on one database: killed, restarted and cut off, they leave every card right and alone."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from tests.postgres.fleet import Fleet, took_over
from tests.postgres_server import restart

pytestmark = pytest.mark.process


async def test_the_writer_is_killed_under_load(fleet: Fleet) -> None:
    """The writer is killed while builds run: another writes within two seconds, nothing is lost or doubled."""
    await fleet.sail(3)
    builds = await fleet.ask(range(12))
    running = asyncio.create_task(fleet.happen(builds))
    await fleet.until(lambda: any(fleet.ended(build) for build in builds))
    victim, killed_at = fleet.writer, time.time()
    await victim.killed()
    await running
    builds += await fleet.ask(range(12, 16))
    await fleet.happen(builds[12:])
    await fleet.until(lambda: fleet.right(builds), 120)
    fleet.check(builds)
    living = [program for program in fleet.programs if program is not victim]
    assert 0 < max(at for program in living for at in took_over(program)) - killed_at < 2


async def test_the_database_is_restarted_under_load(fleet: Fleet, database: sa.URL) -> None:
    """PostgreSQL crashes and comes back while builds run: all goes on, and nothing is lost or doubled."""
    await fleet.sail(2)
    builds = await fleet.ask(range(6))
    running = asyncio.create_task(fleet.happen(builds))
    await fleet.until(lambda: any(fleet.ended(build) for build in builds))
    connection = await asyncpg.connect(database.set(drivername="postgresql").render_as_string(hide_password=False))
    files = Path(await connection.fetchval("SHOW data_directory"))
    await asyncio.to_thread(restart, files)
    connection.terminate()
    await running
    await fleet.until(lambda: fleet.right(builds), 120)
    fleet.check(builds)


async def test_a_graceful_stop_hands_over_at_once(fleet: Fleet) -> None:
    """SIGTERM to the writer: it ends with status 0, another writes within two seconds, and cards stay right."""
    await fleet.sail(2)
    builds = await fleet.ask(range(4))
    leaving = fleet.writer
    assert await leaving.terminated() == 0
    stopped_at = time.time()
    await fleet.happen(builds)
    await fleet.until(lambda: fleet.right(builds), 60)
    fleet.check(builds)
    assert max(took_over(fleet.writer)) - stopped_at < 2
    assert fleet.writer is not leaving
