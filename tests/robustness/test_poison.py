"""What cannot be dealt with is set aside, and keeps nothing else waiting."""

from __future__ import annotations

import sqlalchemy as sa

from bot.builds.ingest.inbox import Inbox
from bot.builds.ingest.queries import insert_deliveries, measure_backlog
from bot.builds.webhook_event import Delivery, Read, WebhookEvent
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.store.tables import deliveries as rows
from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import settled
from tests.robustness.truth import assert_true
from webhooks.router import observe

BAD = b'{"event": "build.running", "poison": true}'


def _broken(event: str, body: bytes, read: Read) -> WebhookEvent:
    """An observer with a mistake in it: one payload makes it fail."""
    if body == BAD:
        raise RuntimeError("a mistake in the code")
    found = observe(event, body, read)
    assert isinstance(found, WebhookEvent)
    return found


async def _goes_on(world: World, build: Build, reason: str) -> None:
    """The build is run and its card is true; the one bad delivery is aside, for that reason."""
    world.buildkite.run_build(build)
    await settled(world, 60)
    assert_true(world, build)
    async with world.bot.store.read() as tx:
        backlog = await measure_backlog(tx)
    assert (backlog.new, backlog.aside) == (0, 1)
    assert reason in backlog.reasons[0]


async def test_a_delivery_that_fails_three_times_is_set_aside_and_the_rest_goes_on(world: World) -> None:
    """Between good webhooks comes one that breaks the code: the card is true, the bad one aside with a reason."""
    await world.bob.types(world.deploys, "/bk build create web")
    await settled(world, 10)
    build = world.buildkite.builds[-1]
    world.bot.inbox = Inbox(
        world.bot.store, world.clock, _broken, lambda: None, lambda _seconds: None, SubscriptionCache()
    )
    await insert_deliveries(world.bot.store, [Delivery("build.running", BAD, "bad", world.clock.now())])
    await _goes_on(world, build, "Something broke on my side")


async def test_a_body_that_the_disk_damaged_is_set_aside_and_the_rest_goes_on(world: World) -> None:
    """Among good webhooks lies one whose bytes have changed since it was kept."""
    await world.bob.types(world.deploys, "/bk build create web")
    await settled(world, 10)
    build = world.buildkite.builds[-1]
    good = b'{"event": "build.running", "build": {"message": "%b"}}' % (b"word " * 100)
    await insert_deliveries(world.bot.store, [Delivery("build.running", good, "bad", world.clock.now())])
    async with world.bot.store.write() as tx:
        kept = await tx.scalar(sa.select(rows.c.body).where(rows.c.delivery_id == "bad"))
        assert kept is not None
        await tx.execute(sa.update(rows).where(rows.c.delivery_id == "bad").values(body=kept[:-20]))
    await _goes_on(world, build, "The body is not JSON.")
