"""Three processes on one database are killed, restarted and cut off, and every card stays correct and unique."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from bot.store.leader import LEASE_SECONDS, RENEW_SECONDS
from tests.postgres.fleet import Fleet, read_takeover_times
from tests.postgres_server import restart

# A lease that nobody gave up lasts this long at least, in seconds. `make bench B=replicas` measures the time of a
# takeover on an idle machine.
EARLIEST_END = LEASE_SECONDS - RENEW_SECONDS
pytestmark = pytest.mark.process


async def test_the_leader_is_killed_under_load(fleet: Fleet) -> None:
    """When the leader is killed, another takes over before the lease ends; nothing is lost or duplicated."""
    await fleet.start_replicas(3)
    builds = await fleet.start_builds(range(8))
    running = asyncio.create_task(fleet.run_builds(builds))
    await fleet.until(lambda: any(fleet.find_end_replies(build) for build in builds))
    victim, killed_at = fleet.leader, time.time()
    await victim.kill()
    await running
    builds += await fleet.start_builds(range(8, 10))
    await fleet.run_builds(builds[8:])
    await fleet.until(lambda: fleet.is_right(builds))
    fleet.check(builds)
    living = [program for program in fleet.programs if program is not victim]
    assert 0 < max(at for program in living for at in read_takeover_times(program)) - killed_at < EARLIEST_END


async def test_the_database_is_restarted_under_load(fleet: Fleet, database: sa.URL) -> None:
    """PostgreSQL crashes and comes back while builds run; nothing is lost or duplicated."""
    await fleet.start_replicas(2)
    builds = await fleet.start_builds(range(6))
    running = asyncio.create_task(fleet.run_builds(builds))
    await fleet.until(lambda: any(fleet.find_end_replies(build) for build in builds))
    connection = await asyncpg.connect(database.set(drivername="postgresql").render_as_string(hide_password=False))
    files = Path(await connection.fetchval("SHOW data_directory"))
    await asyncio.to_thread(restart, files)
    connection.terminate()
    await running
    await fleet.until(lambda: fleet.is_right(builds))
    fleet.check(builds)


async def test_a_graceful_stop_hands_over_at_once(fleet: Fleet) -> None:
    """After SIGTERM the leader exits with 0, another takes over before the lease ends, and cards stay correct."""
    await fleet.start_replicas(2)
    builds = await fleet.start_builds(range(4))
    leaving = fleet.leader
    assert await leaving.terminate() == 0
    stopped_at = time.time()
    await fleet.run_builds(builds)
    await fleet.until(lambda: fleet.is_right(builds))
    fleet.check(builds)
    assert max(read_takeover_times(fleet.leader)) - stopped_at < EARLIEST_END
    assert fleet.leader is not leaving
