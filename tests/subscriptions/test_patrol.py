"""Webhooks that are lost lose no notification: what they did not tell is looked for."""

from __future__ import annotations

from simulators.buildkite.server_state import RecordedRequest
from tests.conversations.world import World
from tests.subscriptions.acts import list_card_texts, run_build, subscribe


def list_catch_up_requests(world: World) -> list[RecordedRequest]:
    """Return the requests that list all builds of the organization."""
    return [request for request in world.buildkite.requests if request.path == "/v2/organizations/acme-inc/builds"]


async def test_builds_missed_for_three_hours_are_posted_once(world: World) -> None:
    """After three hours without a webhook everything that is wanted is there, once, and nothing else."""
    await subscribe(world, "* --state failed,fixed")
    await world.settle(1)
    world.buildkite.network.drop = 1.0
    for fail in ((), ("lint",), ("lint",), ()):
        build = world.buildkite.create_build("web")
        world.buildkite.run_build(build, fail=fail)
        world.clock.advance(2700)
    await world.settle(40)
    wanted = [
        "❌ web#2 failed on main",
        "❌ web#3 failed on main",
        "✅ web#4 passed on main, fixed: web#3 had failed",
    ]
    assert list_card_texts(world) == wanted
    await world.settle(400, step=5)
    assert list_card_texts(world) == wanted


async def test_builds_that_ended_long_ago_are_not_posted(world: World) -> None:
    """A build that ended more than six hours before it is found isn't posted."""
    await subscribe(world)
    await world.settle(1)
    world.buildkite.network.drop = 1.0
    for hours in (7, 2):
        world.buildkite.run_build(world.buildkite.create_build("web"), fail=["lint"])
        world.clock.advance(hours * 3600)
    await world.settle(40)
    assert list_card_texts(world) == ["❌ web#2 failed on main"]


async def test_a_blocked_build_is_found_too(world: World) -> None:
    """The catch-up finds blocked builds if a subscription wants them."""
    await subscribe(world, "deploy-prod")
    world.buildkite.network.drop = 1.0
    await world.settle(1)
    await run_build(world, "deploy-prod")
    world.clock.advance(600)
    await world.settle(40)
    assert list_card_texts(world) == ["✋ deploy-prod#1 is blocked on main"]


async def test_the_catch_up_runs_twelve_times_an_hour_while_webhooks_arrive(world: World) -> None:
    """While webhooks arrive Buildkite is asked every five minutes; without subscriptions not at all."""
    await run_build(world)
    await world.settle(600, step=15)
    assert list_catch_up_requests(world) == []
    await subscribe(world, "web --state failed")
    for _ in range(6):
        await run_build(world)
        await world.settle(300, step=15)
    assert len(list_catch_up_requests(world)) in (5, 6, 7)


async def test_more_than_a_few_pages_are_read_in_turn(world: World) -> None:
    """If more builds ended than one catch-up reads, the next one continues there."""
    await subscribe(world, "web --state failed")
    await world.settle(1)
    world.buildkite.network.drop = 1.0
    first = world.buildkite.create_build("web")
    world.buildkite.run_build(first, fail=["lint"])
    for _ in range(310):
        world.clock.advance(1)
        build = world.buildkite.create_build("mobile")
        world.buildkite.cancel_build(build)
    world.clock.advance(300)
    await world.settle(40)
    assert list_card_texts(world) == ["❌ web#1 failed on main"]


async def test_a_step_that_failed_unnoticed_is_posted(world: World) -> None:
    """Lists show no steps: a subscription to one waits until the jobs are read, and then posts or doesn't."""
    await subscribe(world, "web --step lint --state failed")
    world.buildkite.network.drop = 1.0
    await world.settle(1)
    await run_build(world, fail=("lint",))
    await run_build(world, fail=("test",))
    world.clock.advance(600)
    await world.settle(40)
    assert list_card_texts(world) == ["❌ web#1 failed on main"]
