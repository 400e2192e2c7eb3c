"""A delivery that can't be processed is set aside, and keeps nothing else waiting."""

from __future__ import annotations

import sqlalchemy as sa

from bot.builds.ingest.inbox import Inbox
from bot.builds.ingest.queries import insert_deliveries, measure_backlog
from bot.builds.webhook_event import Delivery, ParsedBuilds, WebhookEvent
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.store.tables import deliveries as rows
from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import settle
from tests.robustness.truth import assert_card_is_correct
from webhooks.router import read_event

BAD = b'{"event": "build.running", "poison": true}'


def _broken(event: str, body: bytes, read: ParsedBuilds) -> WebhookEvent:
    """Make an observer that fails on one payload."""
    if body == BAD:
        raise RuntimeError("a mistake in the code")
    found = read_event(event, body, read)
    assert isinstance(found, WebhookEvent)
    return found


async def _assert_continues(world: World, build: Build, reason: str) -> None:
    """Assert that the build's card is correct and that only the bad delivery is set aside, for this reason."""
    world.buildkite.run_build(build)
    await settle(world, 60)
    assert_card_is_correct(world, build)
    async with world.bot.platform.store.read() as tx:
        backlog = await measure_backlog(tx)
    assert (backlog.new, backlog.set_aside) == (0, 1)
    assert reason in backlog.reasons[0]


async def test_a_failing_delivery_is_set_aside(world: World) -> None:
    """A webhook that raises three times is set aside with a reason, and the card is still correct."""
    await world.bob.types(world.deploys, "/bk build create web")
    await settle(world, 10)
    build = world.buildkite.builds[-1]
    store = world.bot.platform.store
    broken = Inbox(store, world.clock, _broken, lambda: None, lambda _seconds: None, SubscriptionCache())
    async with store.write_directly() as driver:
        await insert_deliveries(driver, [Delivery("build.running", BAD, "bad", world.clock.now())])
    for _ in range(3):
        world.clock.advance(60)
        await broken.tick()
    await _assert_continues(world, build, "Something broke on my side")


async def test_a_damaged_body_is_set_aside(world: World) -> None:
    """A webhook whose stored bytes have changed is set aside, and the card is still correct."""
    await world.bob.types(world.deploys, "/bk build create web")
    await settle(world, 10)
    build = world.buildkite.builds[-1]
    good = b'{"event": "build.running", "build": {"message": "%b"}}' % (b"word " * 100)
    async with world.bot.platform.store.write_directly() as driver:
        await insert_deliveries(driver, [Delivery("build.running", good, "bad", world.clock.now())])
    async with world.bot.platform.store.write() as tx:
        kept = await tx.scalar(sa.select(rows.c.body).where(rows.c.delivery_id == "bad"))
        assert kept is not None
        await tx.execute(sa.update(rows).where(rows.c.delivery_id == "bad").values(body=kept[:-20]))
    await _assert_continues(world, build, "The body isn't JSON.")
