"""There is one leader: a replica that lost the lease writes no more, and its successor does nothing twice."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from bot.operations.queries import adopt_invocation
from bot.store.leader import CALL_SECONDS, LEASE_SECONDS, FencedStore, LeadershipLost
from tests.postgres.replicas import Replicas
from tests.robustness.truth import assert_card_is_correct, assert_posted_once, count_writes

_END_SESSIONS = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
    " WHERE locktype = 'advisory' AND datname = current_database()"
)


async def _expire_lease(replicas: Replicas) -> None:
    """Let the lease expire in the database, as if its holder had hung for longer than it lasts."""
    async with replicas.bot.platform.store.write() as tx:
        await tx.execute(sa.text("UPDATE leases SET until = 0 WHERE name = 'writer'"))


async def test_there_is_one_leader(trio: Replicas) -> None:
    """Of three replicas that start together, one becomes the leader and stays it."""
    for _ in range(5):
        await trio.turn()
        trio.clock.advance(2)
    await trio.turn()
    assert len(trio.leaders) == 1
    first = trio.leaders[0]
    await trio.settle(30)
    assert trio.leaders == [first]


async def test_a_hung_leader_writes_nothing_more(pair: Replicas) -> None:
    """A hung leader is replaced once its lease has expired; when it wakes up, its transactions are refused."""
    await pair.turn()
    (hung,) = pair.leaders
    number = pair.bots.index(hung)
    pair.hung.add(number)
    await _expire_lease(pair)
    pair.clock.advance(2)
    await pair.turn()
    (writer,) = (bot for bot in pair.leaders if bot is not hung)
    with pytest.raises(LeadershipLost):
        async with FencedStore(hung.platform.store, hung.platform.leadership).write() as tx:
            await tx.execute(sa.text("UPDATE cards SET state = 'retired'"))
    assert not hung.platform.leadership.is_leader()
    pair.hung.clear()
    await pair.settle(20)
    assert pair.leaders == [writer], "Awake again, it does not take the lease from the living."


async def test_no_call_may_outlast_the_lease(pair: Replicas) -> None:
    """Without a renewal, the leader stops calling Slack as long before its lease ends as a call may take."""
    await pair.turn()
    (writer,) = pair.leaders
    pair.clock.advance(LEASE_SECONDS - CALL_SECONDS - 1)
    writer.platform.leadership.require_leader()
    pair.clock.advance(2)
    with pytest.raises(LeadershipLost):
        writer.platform.leadership.require_leader()


async def test_a_lost_session_is_taken_over_at_once(pair: Replicas) -> None:
    """When the leader's session ends, its lock is free, and no one waits for the lease to expire."""
    await pair.turn()
    (dead,) = pair.leaders
    pair.hung.add(pair.bots.index(dead))
    await pair.turn()
    assert pair.leaders == [dead]
    async with pair.bot.platform.store.write() as tx:
        await tx.execute(_END_SESSIONS)
    for _ in range(2):  # the other replica lost its session too, and opens a new one first
        pair.clock.advance(0.3)
        await pair.turn()
    assert [bot for bot in pair.leaders if bot is not dead]


async def test_a_successor_waits_for_a_call_that_may_be_running(pair: Replicas) -> None:
    """A post that the dead leader may have been making is neither repeated nor searched for within ten seconds."""
    await pair.bob.types(pair.deploys, "/bk build create web")
    await asyncio.gather(*(bot.drain() for bot in pair.bots))
    async with pair.bot.platform.store.write() as tx:
        await tx.execute(sa.text("UPDATE cards SET intent_at = :now"), {"now": pair.clock.now().timestamp()})
    await pair.settle(8)
    assert not pair.slack.messages(pair.deploys)
    await pair.settle(10)
    assert_card_is_correct(pair, pair.buildkite.builds[-1])
    assert_posted_once(pair)


async def test_invocations_of_a_living_replica_are_left_to_it(pair: Replicas) -> None:
    """An invocation is adopted only from a replica without a heartbeat, whose own start is then refused."""
    await pair.bob.types(pair.deploys, "/bk build create web")
    await pair.turn()
    doer, other = pair.bots
    replicas = [bot.platform.replica for bot in (doer, other)]
    async with doer.platform.store.write() as tx:
        found = (await tx.execute(sa.text("SELECT id, replica FROM invocations"))).one()
        owner = replicas.index(found.replica)
        thief = replicas[1 - owner]
        assert not await adopt_invocation(tx, found.id, thief)
        await tx.execute(
            sa.text("UPDATE leases SET until = 0 WHERE name = :name"), {"name": f"replica:{found.replica}"}
        )
        assert await adopt_invocation(tx, found.id, thief)
    await pair.settle(60)
    assert count_writes(pair, "/builds") == 1


async def test_the_leader_runs_a_dead_replicas_invocation(pair: Replicas) -> None:
    """An invocation that its replica accepted but didn't start is run by the leader, once."""
    await pair.turn()
    await pair.bob.types(pair.deploys, "/bk build create web")
    await asyncio.gather(*(bot.drain() for bot in pair.bots))
    async with pair.bot.platform.store.write() as tx:
        await tx.execute(sa.text("DELETE FROM cards"))
        await tx.execute(
            sa.text("UPDATE invocations SET state = 'running', replica = 'gone', outcome = NULL, closed_at = NULL")
        )
    await pair.settle(60)
    assert count_writes(pair, "/builds") == 1
