"""One writer at a time: who lost the lease writes no more, and who takes over does nothing twice."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from bot.operations.queries import adopt_invocation
from bot.store.leader import CALL_SECONDS, LEASE_SECONDS, FencedStore, LeadershipLost
from tests.postgres.replicas import Replicas
from tests.robustness.truth import assert_said_once, assert_true, posts


async def _out_of_time(replicas: Replicas) -> None:
    """The lease runs out in the database, as when its holder hangs for longer than it lasts."""
    async with replicas.bot.store.write() as tx:
        await tx.execute(sa.text("UPDATE leases SET until = 0 WHERE name = 'writer'"))


async def test_there_is_one_writer(trio: Replicas) -> None:
    """Of three replicas that start together one becomes the writer, and stays it."""
    for _ in range(5):
        await trio.turn()
        trio.clock.advance(2)
    await trio.turn()
    assert len(trio.writers) == 1
    first = trio.writers[0]
    await trio.settle(30)
    assert trio.writers == [first]


async def test_the_one_that_hung_writes_nothing_more(pair: Replicas) -> None:
    """A writer that hung is replaced once its lease has run out; awake again, its transactions are refused."""
    await pair.turn()
    (hung,) = pair.writers
    number = pair.bots.index(hung)
    pair.hung.add(number)
    await _out_of_time(pair)
    pair.clock.advance(2)
    await pair.turn()
    (writer,) = (bot for bot in pair.writers if bot is not hung)
    with pytest.raises(LeadershipLost):
        async with FencedStore(hung.store, hung.leadership).write() as tx:
            await tx.execute(sa.text("UPDATE cards SET state = 'retired'"))
    assert not hung.leadership.is_leader()
    pair.hung.clear()
    await pair.settle(20)
    assert pair.writers == [writer], "Awake again, it does not take the lease from the living."


async def test_an_owner_begins_no_call_that_may_outlast_its_lease(pair: Replicas) -> None:
    """Without a renewal the writer stops calling Slack as long before its lease ends as a call may take."""
    await pair.turn()
    (writer,) = pair.writers
    pair.clock.advance(LEASE_SECONDS - CALL_SECONDS - 1)
    writer.leadership.require_leader()
    pair.clock.advance(2)
    with pytest.raises(LeadershipLost):
        writer.leadership.require_leader()


async def test_a_replica_without_a_session_is_taken_over_at_once(pair: Replicas) -> None:
    """When the session of the writer ends, its lock is free: the other does not wait for the lease to run out."""
    await pair.turn()
    (dead,) = pair.writers
    assert dead.postgres_session is not None
    pair.hung.add(pair.bots.index(dead))
    await pair.turn()
    assert pair.writers == [dead]
    await dead.postgres_session.close()
    pair.clock.advance(0.3)
    await pair.turn()
    assert [bot for bot in pair.writers if bot is not dead]


async def test_an_open_intent_of_another_is_left_alone_until_its_call_has_ended(pair: Replicas) -> None:
    """A post that the dead writer may have under way is neither repeated nor looked for within ten seconds."""
    await pair.bob.types(pair.deploys, "/bk build create web")
    await asyncio.gather(*(bot.runner.drain() for bot in pair.bots))
    async with pair.bot.store.write() as tx:
        await tx.execute(sa.text("UPDATE cards SET intent_at = :now"), {"now": pair.clock.now().timestamp()})
    await pair.settle(8)
    assert not pair.slack.messages(pair.deploys)
    await pair.settle(10)
    assert_true(pair, pair.buildkite.builds[-1])
    assert_said_once(pair)


async def test_what_a_living_replica_does_is_not_taken_from_it(pair: Replicas) -> None:
    """An invocation is adopted only from a replica that shows no sign of life, and then its begin is refused."""
    await pair.bob.types(pair.deploys, "/bk build create web")
    await pair.turn()
    doer, other = pair.bots
    replicas = [bot.runner.services.replica for bot in (doer, other)]
    async with doer.store.write() as tx:
        found = (await tx.execute(sa.text("SELECT id, replica FROM invocations"))).one()
        owner = replicas.index(found.replica)
        thief = replicas[1 - owner]
        assert not await adopt_invocation(tx, found.id, thief)
        await tx.execute(
            sa.text("UPDATE leases SET until = 0 WHERE name = :name"), {"name": f"replica:{found.replica}"}
        )
        assert await adopt_invocation(tx, found.id, thief)
    await pair.settle(60)
    assert posts(pair, "/builds") == 1


async def test_a_wish_of_a_dead_replica_is_granted_by_the_writer(pair: Replicas) -> None:
    """What was accepted but not begun when its replica died is carried out by the writer, once."""
    await pair.turn()
    await pair.bob.types(pair.deploys, "/bk build create web")
    await asyncio.gather(*(bot.runner.drain() for bot in pair.bots))
    async with pair.bot.store.write() as tx:
        await tx.execute(sa.text("DELETE FROM cards"))
        await tx.execute(
            sa.text("UPDATE invocations SET state = 'running', replica = 'gone', outcome = NULL, closed_at = NULL")
        )
    await pair.settle(60)
    assert posts(pair, "/builds") == 1
