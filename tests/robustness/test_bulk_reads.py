"""Many builds are read correctly with few requests, and requests are always left for people."""

from __future__ import annotations

from datetime import timedelta

from simulators.buildkite.models import Build
from simulators.buildkite.server_state import RecordedRequest
from tests.conversations.world import World
from tests.robustness.lives import settle
from tests.robustness.truth import assert_card_is_correct, assert_posted_once, read_replies

MINUTE = 60.0


async def start_builds(world: World, count: int, pipeline: str = "mobile") -> list[Build]:
    """Let Bob start this many builds, each with its card."""
    for number in range(count):
        await world.bob.types(world.deploys, f"/bk build create {pipeline} -b branch-{number}")
        await settle(world, 5)
    await settle(world, 60)
    return world.buildkite.builds[-count:]


def find_background_reads(world: World, since: int) -> list[RecordedRequest]:
    """Return the background requests since then that only read builds."""
    seen = list(world.buildkite.requests)[since:]
    return [item for item in seen if item.method == "GET" and "/builds" in item.path]


def split_reads(done: list[RecordedRequest]) -> tuple[list[RecordedRequest], list[RecordedRequest]]:
    """Split them into reads of states and reads of why builds wait, which ask for waiting jobs."""
    why = [
        item
        for item in done
        if "job_states%5B%5D=scheduled" in item.query
        or (item.path.endswith("/builds") and "exclude_jobs" not in item.query)
    ]
    return [item for item in done if item not in why], why


async def test_many_builds_are_read_by_one_request_a_round(world: World) -> None:
    """However many builds there are, a round of reads is one request, and few check why builds wait."""
    builds = await start_builds(world, 12)
    before = len(world.buildkite.requests)
    await settle(world, 120)
    done, why = split_reads(find_background_reads(world, before))
    assert done
    assert len(done) <= 6
    assert 0 < len(why) <= 25
    assert all(item.path.endswith("/organizations/acme-inc/builds") for item in done)
    for build in builds:
        assert_card_is_correct(world, build)


async def test_builds_that_ended_during_lost_webhooks_are_found(world: World) -> None:
    """Twelve builds run, fail and pass without webhooks, and every card is correct, with its failed jobs."""
    builds = await start_builds(world, 12)
    world.buildkite.webhooks_off = True
    for number, build in enumerate(builds):
        world.buildkite.run_build(build, fail=[":ios: iOS"] if number % 2 else [])
    await settle(world, 240)
    for build in builds:
        assert_card_is_correct(world, build)
        assert any(build.inner_state in line for line in read_replies(world, build))
    assert_posted_once(world)


async def test_builds_of_others_are_read_pipeline_by_pipeline(world: World) -> None:
    """Eight tracked builds that a push started are confirmed by list requests of their pipeline."""
    pushed = [world.buildkite.create_build_elsewhere("web", f"branch-{number}") for number in range(8)]
    for build in pushed:
        await world.bob.types(world.deploys, f"/bk build watch web {build.number}")
        await settle(world, 5)
    await settle(world, 60)
    before = len(world.buildkite.requests)
    await settle(world, 120)
    done, why = split_reads(find_background_reads(world, before))
    assert 0 < len(done) <= 8
    assert 0 < len(why) <= 25
    assert all(item.path.endswith("/pipelines/web/builds") for item in done)
    for build in pushed:
        assert_card_is_correct(world, build)


async def test_a_deleted_build_among_many_is_noticed(world: World) -> None:
    """A build that no list contains is requested on its own, and then shown as deleted."""
    builds = await start_builds(world, 8)
    world.buildkite.builds.remove(builds[3])
    await settle(world, 180)
    assert any("gone from Buildkite" in message.plain() for message in world.slack.messages(world.deploys))
    for build in [build for build in builds if build is not builds[3]]:
        assert_card_is_correct(world, build)


async def test_the_poller_leaves_requests_for_people(world: World) -> None:
    """While twenty builds change without webhooks, there are at most thirty background reads a minute."""
    builds = await start_builds(world, 20)
    world.buildkite.webhooks_off = True
    for build in builds:
        world.buildkite.run_build(build)
    start, before = world.clock.now(), len(world.buildkite.requests)
    await settle(world, MINUTE)
    assert len(find_background_reads(world, before)) <= 32
    assert world.clock.now() - start >= timedelta(seconds=MINUTE)
    left = [
        int(read.response_headers["ratelimit-user-remaining"]) for read in find_background_reads(world, before)
    ]
    assert min(left) >= 19
    await settle(world, 3 * MINUTE)
    for build in builds:
        assert_card_is_correct(world, build)
