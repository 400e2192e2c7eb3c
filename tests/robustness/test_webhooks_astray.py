"""Webhooks are lost, late, doubled and out of order: every card is true in the end all the same."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import settled, town
from tests.robustness.truth import assert_said_once, assert_true, replies

CHANCES = st.sampled_from([0.0, 0.3, 0.7])


async def started(world: World, pipeline: str) -> Build:
    """Bob starts a build, and its card is there."""
    await world.bob.types(world.deploys, f"/bk build create {pipeline}")
    await settled(world, 10)
    return world.buildkite.builds[-1]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), drop=CHANCES, double=CHANCES, delay=CHANCES, reorder=CHANCES)
def test_whatever_becomes_of_webhooks_the_card_is_true(
    seed: int, drop: float, double: float, delay: float, reorder: float
) -> None:
    """Dropped, doubled, delayed by up to a minute and reordered by seed: the card and its replies come right."""

    async def story() -> None:
        async with town(Path(folder)) as lives:
            await lives.begun()
            world = lives.world
            network, hooks = world.buildkite.network, world.buildkite.hooks
            hooks.rng.seed(seed)
            hooks.at_dispatch = bool(seed % 2)
            network.drop, network.double, network.delay, network.reorder = drop, double, delay, reorder
            await _whole_life(world)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(story())


async def _whole_life(world: World) -> None:
    """A build fails, is retried and passes; another is blocked, unblocked and passes."""
    web, deploy = await started(world, "web"), await started(world, "deploy-prod")
    world.buildkite.run_build(web, fail=["lint"])
    world.buildkite.run_build(deploy)
    await settled(world, 20)
    world.buildkite.retry_job(web.find_job("lint").id)
    world.buildkite.unblock(deploy.find_job("release").id, {"release-name": "1"})
    await settled(world, 5)
    world.buildkite.run_build(web)
    world.buildkite.run_build(deploy)
    await settled(world, 600)
    for build in (web, deploy):
        assert_true(world, build)
        assert any("passed" in line for line in replies(world, build)), world.slack.transcript()
    assert_said_once(world)


async def test_with_no_webhooks_at_all_everything_works_slower(world: World) -> None:
    """Nobody set up a webhook: failures, gates and ends are all shown, within the budget."""
    world.buildkite.webhooks_off = True
    await _whole_life(world)
    reads = [request for request in world.buildkite.requests if request.method == "GET"]
    assert min(int(read.response_headers["ratelimit-user-remaining"]) for read in reads) >= 19


async def test_webhooks_are_lost_for_an_hour(world: World) -> None:
    """A build that begins and ends within the hour is shown by reads alone, long before the hour is over."""
    build = await started(world, "web")
    world.buildkite.webhooks_off = True
    world.buildkite.run_build(build, fail=["lint"])
    await settled(world, 120)
    assert_true(world, build)
    assert any("failed" in line for line in replies(world, build))
    await settled(world, 3600)
    world.buildkite.webhooks_off = False
    world.buildkite.retry_job(build.find_job("lint").id)
    await settled(world, 10)
    assert_true(world, build)


async def test_a_gate_opened_at_buildkite_unheard_is_found(world: World) -> None:
    """Somebody unblocks on the web while webhooks are lost: the card goes on within two minutes."""
    build = await started(world, "deploy-prod")
    world.buildkite.run_build(build)
    await settled(world, 30)
    world.buildkite.webhooks_off = True
    world.buildkite.unblock(build.find_job("release").id, {"release-name": "1"})
    await settled(world, 120)
    assert_true(world, build)
    assert any("running again" in line for line in replies(world, build))


async def test_a_build_that_is_revived_long_after_its_end_unheard(world: World) -> None:
    """Hours after its end a failed job is retried while webhooks are lost: the new end is told as well."""
    build = await started(world, "web")
    world.buildkite.run_build(build, fail=["lint"])
    await settled(world, 3 * 3600)
    world.buildkite.webhooks_off = True
    world.buildkite.retry_job(build.find_job("lint").id)
    world.buildkite.run_build(build)
    await settled(world, 3 * 3600)
    assert_true(world, build)
    assert any("passed" in line for line in replies(world, build))


async def test_late_old_events_change_nothing(world: World) -> None:
    """Every webhook of a build comes once more after its end: the card stays true and nothing is told again."""
    build = await started(world, "web")
    world.buildkite.network.double = 1.0
    world.buildkite.network.delay = 0.9
    world.buildkite.network.longest = 500
    world.buildkite.run_build(build)
    await settled(world, 60)
    before = replies(world, build)
    await settled(world, 600)
    assert_true(world, build)
    assert replies(world, build) == before


async def test_a_deleted_build_is_said_to_be_gone(world: World) -> None:
    """A build that is deleted at Buildkite is gone on its card, and said to be so once."""
    build = await started(world, "web")
    world.buildkite.builds.remove(build)
    await settled(world, 180)
    card = world.card()
    assert "Gone from Buildkite" in card.plain()
    assert sum("is gone" in line for line in world.replies(card)) == 1
