"""Many builds are read by few calls, and what is read is right; people always find requests left."""

from __future__ import annotations

from datetime import timedelta

from simulators.buildkite.server_state import RecordedRequest
from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import settled
from tests.robustness.truth import assert_said_once, assert_true, replies

MINUTE = 60.0


async def many(world: World, count: int, pipeline: str = "mobile") -> list[Build]:
    """So many builds that Bob has started, each with its card."""
    for number in range(count):
        await world.bob.types(world.deploys, f"/bk build create {pipeline} -b branch-{number}")
        await settled(world, 5)
    await settled(world, 60)
    return world.buildkite.builds[-count:]


def reads(world: World, since: int) -> list[RecordedRequest]:
    """The background's requests since then: every one that only reads builds."""
    seen = list(world.buildkite.requests)[since:]
    return [item for item in seen if item.method == "GET" and "/builds" in item.path]


def sorted_out(done: list[RecordedRequest]) -> tuple[list[RecordedRequest], list[RecordedRequest]]:
    """Those that settle states, and those that ask why a build has not begun: these want the waiting jobs."""
    why = [item for item in done if "job_states%5B%5D=scheduled" in item.query]
    return [item for item in done if item not in why], why


async def test_twenty_living_builds_are_read_by_one_list_call_a_round(world: World) -> None:
    """Nothing changes: whatever their number, a round of reads is one request; few look why builds wait."""
    builds = await many(world, 20)
    before = len(world.buildkite.requests)
    await settled(world, 120)
    done, why = sorted_out(reads(world, before))
    assert done
    assert len(done) <= 6
    assert 0 < len(why) <= 25
    assert all(item.path.endswith("/organizations/acme-inc/builds") for item in done)
    for build in builds:
        assert_true(world, build)


async def test_builds_that_ended_unheard_are_found_by_their_end(world: World) -> None:
    """Twelve builds run, fail and pass while webhooks are lost: every card is true, with failed jobs by name."""
    builds = await many(world, 12)
    world.buildkite.webhooks_off = True
    for number, build in enumerate(builds):
        world.buildkite.run_build(build, fail=[":ios: iOS"] if number % 2 else [])
    await settled(world, 240)
    for build in builds:
        assert_true(world, build)
        assert any(build.inner_state in line for line in replies(world, build))
    assert_said_once(world)


async def test_builds_of_others_are_read_pipeline_by_pipeline(world: World) -> None:
    """Eight followed builds that a push started are settled by list calls of their pipeline."""
    pushed = [world.buildkite.create_build_elsewhere("web", f"branch-{number}") for number in range(8)]
    for build in pushed:
        await world.bob.types(world.deploys, f"/bk build watch web {build.number}")
        await settled(world, 5)
    await settled(world, 60)
    before = len(world.buildkite.requests)
    await settled(world, 120)
    done, why = sorted_out(reads(world, before))
    assert 0 < len(done) <= 8
    assert 0 < len(why) <= 25
    assert all(item.path.endswith("/pipelines/web/builds") for item in done)
    for build in pushed:
        assert_true(world, build)


async def test_one_deleted_build_among_many_is_gone(world: World) -> None:
    """A build that no list has is asked for by itself, and is then said to be gone."""
    builds = await many(world, 8)
    world.buildkite.builds.remove(builds[3])
    await settled(world, 180)
    assert any("Gone from Buildkite" in message.plain() for message in world.slack.messages(world.deploys))
    for build in [build for build in builds if build is not builds[3]]:
        assert_true(world, build)


async def test_the_sweep_leaves_requests_for_people(world: World) -> None:
    """Twenty builds change unheard: no minute has over thirty background reads, and twenty requests stay free."""
    builds = await many(world, 20)
    world.buildkite.webhooks_off = True
    for build in builds:
        world.buildkite.run_build(build)
    start, before = world.clock.now(), len(world.buildkite.requests)
    await settled(world, MINUTE)
    assert len(reads(world, before)) <= 32
    assert world.clock.now() - start >= timedelta(seconds=MINUTE)
    left = [int(read.response_headers["ratelimit-user-remaining"]) for read in reads(world, before)]
    assert min(left) >= 19
    await settled(world, 3 * MINUTE)
    for build in builds:
        assert_true(world, build)
