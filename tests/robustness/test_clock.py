"""The wall clock is set forth and back by hours: nothing waits for an hour that is long past."""

from __future__ import annotations

import pytest

from bot.store.clock_jumps import ClockWatch
from tests.conversations.world import World
from tests.robustness.lives import settled
from tests.robustness.truth import assert_said_once, assert_true, private, replies

HOUR = 3600


@pytest.mark.parametrize("jump", [-5 * HOUR, -HOUR, HOUR, 5 * HOUR])
async def test_a_build_lives_through_a_jump_of_the_clock(world: World, jump: int) -> None:
    """The clock is set while a build runs: its end is shown and told by the next read, once."""
    keeper = ClockWatch(world.bot.store, world.clock, lambda: None)
    await keeper.tick()
    await world.bob.types(world.deploys, "/bk build create web")
    await settled(world, 20)
    build = world.buildkite.builds[-1]
    world.buildkite.advance(build)
    await settled(world, 20)
    world.clock.jump(jump)
    await keeper.tick()
    world.buildkite.run_build(build, fail=["lint"])
    await settled(world, 150)
    assert_true(world, build)
    assert_said_once(world)
    assert any("failed" in line for line in replies(world, build))


async def test_unheard_builds_are_still_read_after_the_clock_went_back(world: World) -> None:
    """Webhooks are lost and the clock goes back by hours: the sweep goes on at its own pace."""
    keeper = ClockWatch(world.bot.store, world.clock, lambda: None)
    await keeper.tick()
    await world.bob.types(world.deploys, "/bk build create web")
    await settled(world, 20)
    world.buildkite.webhooks_off = True
    world.clock.jump(-5 * HOUR)
    assert await keeper.tick() > 0
    assert await keeper.tick() == 0
    build = world.buildkite.builds[-1]
    world.buildkite.run_build(build)
    await settled(world, 90)
    assert_true(world, build)


async def test_an_interrupted_wish_is_settled_after_the_clock_went_back(world: World) -> None:
    """The answer to a create is lost, then the clock goes back: it is found all the same."""
    keeper = ClockWatch(world.bot.store, world.clock, lambda: None)
    await keeper.tick()
    world.buildkite.faults.reset(method="POST", path="/builds$", applied=True)
    world.buildkite.faults.fail(503, method="GET", path="/builds$", times=4)
    await world.bob.types(world.deploys, "/bk build create web")
    await settled(world, 2)
    world.clock.jump(-5 * HOUR)
    await keeper.tick()
    await settled(world, 120)
    assert "Passed" not in private(world, world.bob)
    assert_true(world, world.buildkite.builds[-1])
