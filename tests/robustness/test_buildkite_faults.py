"""When Buildkite limits, fails or loses answers, a request starts one build, or gets an honest answer."""

from __future__ import annotations

import pytest

from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import settle
from tests.robustness.truth import (
    assert_card_is_correct,
    assert_posted_once,
    count_writes,
    find_cards,
    read_private,
    read_replies,
)


async def start_build(world: World, pipeline: str = "web") -> Build:
    """Let Bob start a build, and wait for its card."""
    await world.bob.types(world.deploys, f"/bk build create {pipeline}")
    await settle(world, 10)
    return world.buildkite.builds[-1]


async def test_a_lost_answer_to_a_create_is_found_by_its_mark(world: World) -> None:
    """If the connection breaks after Buildkite created the build, there is one build and one card."""
    world.buildkite.faults.reset(method="POST", path="/builds$", applied=True)
    build = await start_build(world)
    await settle(world, 60)
    assert count_writes(world, "/builds") == 1
    assert len([build for build in world.buildkite.builds if build.pipeline.slug == "web"]) == 1
    assert_card_is_correct(world, build)


async def test_a_lost_answer_is_found_after_the_first_search_fails(world: World) -> None:
    """If both the answer and the first search fail, the person is told, and gets the card later."""
    world.buildkite.faults.reset(method="POST", path="/builds$", applied=True)
    world.buildkite.faults.fail(503, method="GET", path="/builds$", times=4)
    build = await start_build(world)
    assert "checking whether it went through" in read_private(world, world.bob)
    await settle(world, 120)
    assert count_writes(world, "/builds") == 1
    assert_card_is_correct(world, build)
    assert "It went through" in read_private(world, world.bob)


async def test_a_create_that_never_arrived_can_be_retried(world: World) -> None:
    """If the request never reached Buildkite, nothing is repeated unasked; a button retries it."""
    world.buildkite.faults.reset(method="POST", path="/builds$")
    await world.bob.types(world.deploys, "/bk build create web")
    await settle(world, 120)
    assert not world.buildkite.builds or world.buildkite.builds[-1].pipeline.slug != "web"
    assert "did *not* go through" in read_private(world, world.bob)
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Do it now")
    await settle(world, 30)
    assert_card_is_correct(world, world.buildkite.builds[-1])


async def test_a_button_retries_after_an_outage(world: World) -> None:
    """While Buildkite is down, a request is answered honestly; the button works once it is back."""
    world.buildkite.down = True
    before = len(world.buildkite.builds)
    await world.bob.types(world.deploys, "/bk build create web")
    await settle(world, 60)
    assert "Buildkite is having trouble" in read_private(world, world.bob)
    assert len(world.buildkite.builds) == before
    world.buildkite.down = False
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Try again")
    await settle(world, 60)
    assert len(world.buildkite.builds) == before + 1
    assert_card_is_correct(world, world.buildkite.builds[-1])


@pytest.mark.parametrize("applied", [True, False])
async def test_a_rebuild_without_an_answer_is_found_or_reported(world: World, applied: bool) -> None:
    """A rebuild is never repeated unasked: it is found among the newest builds, or reported as not done."""
    build = await start_build(world)
    world.buildkite.run_build(build)
    await settle(world, 30)
    world.buildkite.faults.reset(method="PUT", path="/rebuild$", applied=applied)
    await world.bob.clicks(find_cards(world, build)[0], "Rebuild")
    await settle(world, 120)
    again = [item for item in world.buildkite.builds if item.rebuilt_from is build]
    assert count_writes(world, "/rebuild") == 1
    if applied:
        assert len(again) == 1
        assert_card_is_correct(world, again[0])
    else:
        assert not again
        assert "did *not* go through" in read_private(world, world.bob)


@pytest.mark.parametrize("applied", [True, False])
async def test_an_unblock_without_an_answer_is_checked(world: World, applied: bool) -> None:
    """The block step's state shows whether it was unblocked; it is never unblocked twice unasked."""
    build = await start_build(world, "deploy-prod")
    world.buildkite.run_build(build)
    await settle(world, 30)
    world.buildkite.faults.reset(method="PUT", path="/unblock$", applied=applied)
    await world.bob.types(world.deploys, "/bk job unblock release -p deploy-prod -n 1 release-name=1 ring=all")
    await settle(world, 150)
    assert count_writes(world, "/unblock") == 1
    if applied:
        assert "unblocked" in world.slack.transcript()
    else:
        assert "did *not* go through" in read_private(world, world.bob)
    assert_card_is_correct(world, build)


@pytest.mark.parametrize("kind", ["user", "organization", "errors", "resets"])
async def test_failed_reads_only_delay_a_card(world: World, kind: str) -> None:
    """With rate limits, 5xx and resets on reads, the card is late but correct."""
    build = await start_build(world)
    headers = {"RateLimit-User-Remaining": "0", "RateLimit-User-Reset": "20"}
    if kind == "organization":
        headers = {"RateLimit-Remaining": "0", "RateLimit-Reset": "20"}
    if kind == "resets":
        world.buildkite.faults.reset(method="GET", times=6)
    else:
        status = 503 if kind == "errors" else 429
        world.buildkite.faults.fail(status, method="GET", times=6, headers=headers if status == 429 else None)
    world.buildkite.run_build(build, fail=["lint"])
    await settle(world, 240)
    assert_card_is_correct(world, build)
    assert_posted_once(world)
    assert any("failed" in line for line in read_replies(world, build))


async def test_a_stale_read_does_not_win_over_a_webhook(world: World) -> None:
    """A read that returns an earlier state than a webhook reported doesn't keep the end from being shown."""
    build = await start_build(world)
    hang = world.buildkite.faults.fail(
        200, method="GET", path="/builds/1$", body=world.buildkite.requests[-1].response_json
    )
    world.buildkite.run_build(build)
    await settle(world, 120)
    assert hang.times == 0
    assert_card_is_correct(world, build)
    assert_posted_once(world)


async def test_the_end_of_a_pause_is_posted_once_after_an_outage(world: World) -> None:
    """An agent's resumption during an outage is posted once, after it."""
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --timeout-in-minutes 2")
    await settle(world, 60)
    world.buildkite.faults.fail(503, path="/agents/", times=6)
    await settle(world, 360)
    lines = [message.plain() for message in world.slack.messages(world.deploys)]
    assert len([line for line in lines if "its pause has ended" in line]) == 1
