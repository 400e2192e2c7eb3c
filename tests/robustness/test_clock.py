"""When the wall clock is set by hours, forward or back, nothing waits for a time that makes no sense."""

from __future__ import annotations

import pytest

from bot.notifications.subscriptions.queries import forget_cached_subscriptions
from bot.store.clock_jumps import ClockWatch
from tests.conversations.world import World
from tests.robustness.lives import settle
from tests.robustness.truth import assert_card_is_correct, assert_posted_once, read_private, read_replies

HOUR = 3600


@pytest.mark.parametrize("jump", [-5 * HOUR, -HOUR, HOUR, 5 * HOUR])
async def test_a_build_survives_a_clock_jump(world: World, jump: int) -> None:
    """If the clock is set while a build runs, its end is shown and announced by the next read, once."""
    keeper = ClockWatch(world.bot.platform.store, world.clock, lambda: None, forget_cached_subscriptions)
    await keeper.tick()
    await world.bob.types(world.deploys, "/bk build create web")
    await settle(world, 20)
    build = world.buildkite.builds[-1]
    world.buildkite.advance(build)
    await settle(world, 20)
    world.clock.jump(jump)
    await keeper.tick()
    world.buildkite.run_build(build, fail=["lint"])
    await settle(world, 150)
    assert_card_is_correct(world, build)
    assert_posted_once(world)
    assert any("failed" in line for line in read_replies(world, build))


async def test_polling_continues_after_the_clock_went_back(world: World) -> None:
    """If webhooks are lost and the clock goes back by hours, the poller keeps its pace."""
    keeper = ClockWatch(world.bot.platform.store, world.clock, lambda: None, forget_cached_subscriptions)
    await keeper.tick()
    await world.bob.types(world.deploys, "/bk build create web")
    await settle(world, 20)
    world.buildkite.webhooks_off = True
    world.clock.jump(-5 * HOUR)
    assert await keeper.tick() > 0
    assert await keeper.tick() == 0
    build = world.buildkite.builds[-1]
    world.buildkite.run_build(build)
    await settle(world, 90)
    assert_card_is_correct(world, build)


async def test_recovery_works_after_the_clock_went_back(world: World) -> None:
    """A create whose answer was lost before the clock went back is still found."""
    keeper = ClockWatch(world.bot.platform.store, world.clock, lambda: None, forget_cached_subscriptions)
    await keeper.tick()
    world.buildkite.faults.reset(method="POST", path="/builds$", applied=True)
    world.buildkite.faults.fail(503, method="GET", path="/builds$", times=4)
    await world.bob.types(world.deploys, "/bk build create web")
    await settle(world, 2)
    world.clock.jump(-5 * HOUR)
    await keeper.tick()
    await settle(world, 120)
    assert " passed on " not in read_private(world, world.bob)
    assert_card_is_correct(world, world.buildkite.builds[-1])
