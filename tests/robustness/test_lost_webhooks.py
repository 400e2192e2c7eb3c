"""Every card is correct in the end, even if webhooks are lost, late, duplicated or out of order."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import open_town, settle
from tests.robustness.truth import assert_card_is_correct, assert_posted_once, read_replies
from tests.sampling import many_examples

CHANCES = st.sampled_from([0.0, 0.3, 0.7])


async def start_build(world: World, pipeline: str) -> Build:
    """Let Bob start a build, and wait for its card."""
    await world.bob.types(world.deploys, f"/bk build create {pipeline}")
    await settle(world, 10)
    return world.buildkite.builds[-1]


@many_examples(8)
# A card's turn is less than a microsecond away.
@example(seed=2174, drop=0.0, double=0.7, delay=0.7, reorder=0.3)
@given(seed=st.integers(0, 10_000), drop=CHANCES, double=CHANCES, delay=CHANCES, reorder=CHANCES)
def test_the_card_is_correct_whatever_happens_to_webhooks(
    seed: int, drop: float, double: float, delay: float, reorder: float
) -> None:
    """With webhooks dropped, duplicated, delayed and reordered, the card and its replies are correct."""

    async def story() -> None:
        async with open_town(Path(folder)) as lives:
            await lives.start_first_life()
            world = lives.world
            network, hooks = world.buildkite.network, world.buildkite.hooks
            hooks.rng.seed(seed)
            hooks.at_dispatch = bool(seed % 2)
            network.drop, network.double, network.delay, network.reorder = drop, double, delay, reorder
            await _play_two_builds(world)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(story())


async def _play_two_builds(world: World) -> None:
    """Play a build that fails, is retried and passes, and one that is blocked, unblocked and passes."""
    web, deploy = await start_build(world, "web"), await start_build(world, "deploy-prod")
    world.buildkite.run_build(web, fail=["lint"])
    world.buildkite.run_build(deploy)
    await settle(world, 20)
    world.buildkite.retry_job(web.find_job("lint").id)
    world.buildkite.unblock(deploy.find_job("release").id, {"release-name": "1"})
    await settle(world, 5)
    world.buildkite.run_build(web)
    world.buildkite.run_build(deploy)
    await settle(world, 600)
    for build in (web, deploy):
        assert_card_is_correct(world, build)
        assert any("passed" in line for line in read_replies(world, build)), world.slack.transcript()
    assert_posted_once(world)


async def test_everything_works_without_webhooks(world: World) -> None:
    """Without a webhook, failures, block steps and ends are all shown, within the budget."""
    world.buildkite.webhooks_off = True
    await _play_two_builds(world)
    reads = [request for request in world.buildkite.requests if request.method == "GET"]
    assert min(int(read.response_headers["ratelimit-user-remaining"]) for read in reads) >= 19


async def test_webhooks_are_lost_for_an_hour(world: World) -> None:
    """A build that begins and ends within the hour is shown by reads alone, long before the hour is over."""
    build = await start_build(world, "web")
    world.buildkite.webhooks_off = True
    world.buildkite.run_build(build, fail=["lint"])
    await settle(world, 120)
    assert_card_is_correct(world, build)
    assert any("failed" in line for line in read_replies(world, build))
    await settle(world, 3600)
    world.buildkite.webhooks_off = False
    world.buildkite.retry_job(build.find_job("lint").id)
    await settle(world, 10)
    assert_card_is_correct(world, build)


async def test_an_unblock_on_the_web_is_noticed(world: World) -> None:
    """If someone unblocks a build on the web while webhooks are lost, the card shows it within two minutes."""
    build = await start_build(world, "deploy-prod")
    world.buildkite.run_build(build)
    await settle(world, 30)
    world.buildkite.webhooks_off = True
    world.buildkite.unblock(build.find_job("release").id, {"release-name": "1"})
    await settle(world, 120)
    assert_card_is_correct(world, build)
    assert any("running again" in line for line in read_replies(world, build))


async def test_a_late_retry_without_webhooks_is_noticed(world: World) -> None:
    """If a failed job is retried hours after its build ended, without webhooks, the new end is announced too."""
    build = await start_build(world, "web")
    world.buildkite.run_build(build, fail=["lint"])
    await settle(world, 3 * 3600)
    world.buildkite.webhooks_off = True
    world.buildkite.retry_job(build.find_job("lint").id)
    world.buildkite.run_build(build)
    await settle(world, 3 * 3600)
    assert_card_is_correct(world, build)
    assert any("passed" in line for line in read_replies(world, build))


async def test_late_old_events_change_nothing(world: World) -> None:
    """If every webhook is repeated after the end, the card stays correct and nothing is announced twice."""
    build = await start_build(world, "web")
    world.buildkite.network.double = 1.0
    world.buildkite.network.delay = 0.9
    world.buildkite.network.longest = 500
    world.buildkite.run_build(build)
    await settle(world, 60)
    before = read_replies(world, build)
    await settle(world, 600)
    assert_card_is_correct(world, build)
    assert read_replies(world, build) == before


async def test_a_deleted_build_is_shown_as_deleted(world: World) -> None:
    """The card of a build that was deleted in Buildkite says so, and one reply announces it."""
    build = await start_build(world, "web")
    world.buildkite.builds.remove(build)
    await settle(world, 180)
    card = world.card()
    assert "gone from Buildkite" in card.plain()
    assert sum("is no longer in Buildkite" in line for line in world.replies(card)) == 1
