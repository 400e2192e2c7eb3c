"""Buildkite limits, fails and loses answers: one build for one wish, and an honest answer where there is none."""

from __future__ import annotations

import pytest

from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import settled
from tests.robustness.truth import assert_said_once, assert_true, cards, posts, private, replies


async def started(world: World, pipeline: str = "web") -> Build:
    """Bob starts a build, and its card is there."""
    await world.bob.types(world.deploys, f"/bk build create {pipeline}")
    await settled(world, 10)
    return world.buildkite.builds[-1]


async def test_a_lost_answer_to_a_create_is_found_by_its_mark(world: World) -> None:
    """The connection breaks after Buildkite made the build: there is one build and one card."""
    world.buildkite.faults.reset(method="POST", path="/builds$", applied=True)
    build = await started(world)
    await settled(world, 60)
    assert posts(world, "/builds") == 1
    assert len([build for build in world.buildkite.builds if build.pipeline.slug == "web"]) == 1
    assert_true(world, build)


async def test_a_lost_answer_is_found_later_where_looking_fails_too(world: World) -> None:
    """Neither the answer nor the first look comes through: the person is told, and then gets the card."""
    world.buildkite.faults.reset(method="POST", path="/builds$", applied=True)
    world.buildkite.faults.fail(503, method="GET", path="/builds$", times=4)
    build = await started(world)
    assert "looking whether it happened" in private(world, world.bob)
    await settled(world, 120)
    assert posts(world, "/builds") == 1
    assert_true(world, build)
    assert "It did happen" in private(world, world.bob)


async def test_a_create_that_never_arrived_is_reported_and_can_be_tried_again(world: World) -> None:
    """The connection breaks before Buildkite took the wish: nothing is repeated, a button does it again."""
    world.buildkite.faults.reset(method="POST", path="/builds$")
    await world.bob.types(world.deploys, "/bk build create web")
    await settled(world, 120)
    assert not world.buildkite.builds or world.buildkite.builds[-1].pipeline.slug != "web"
    assert "did *not* happen" in private(world, world.bob)
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Do it now")
    await settled(world, 30)
    assert_true(world, world.buildkite.builds[-1])


async def test_buildkite_down_is_said_and_tried_again_by_a_button(world: World) -> None:
    """While Buildkite is down a wish is answered honestly; the button works once it is back."""
    world.buildkite.down = True
    before = len(world.buildkite.builds)
    await world.bob.types(world.deploys, "/bk build create web")
    await settled(world, 60)
    assert "Buildkite is having trouble" in private(world, world.bob)
    assert len(world.buildkite.builds) == before
    world.buildkite.down = False
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Try again")
    await settled(world, 60)
    assert len(world.buildkite.builds) == before + 1
    assert_true(world, world.buildkite.builds[-1])


@pytest.mark.parametrize("applied", [True, False])
async def test_a_rebuild_whose_answer_was_lost_is_made_once_or_reported(world: World, applied: bool) -> None:
    """A rebuild is never repeated by itself: it is found among the newest builds, or said not to have happened."""
    build = await started(world)
    world.buildkite.run_build(build)
    await settled(world, 30)
    world.buildkite.faults.reset(method="PUT", path="/rebuild$", applied=applied)
    await world.bob.clicks(cards(world, build)[0], "Rebuild")
    await settled(world, 120)
    again = [item for item in world.buildkite.builds if item.rebuilt_from is build]
    assert posts(world, "/rebuild") == 1
    if applied:
        assert len(again) == 1
        assert_true(world, again[0])
    else:
        assert not again
        assert "did *not* happen" in private(world, world.bob)


@pytest.mark.parametrize("applied", [True, False])
async def test_an_unblock_whose_answer_was_lost_is_looked_for(world: World, applied: bool) -> None:
    """Whether the gate was opened is read from the gate; it is never pushed twice unasked."""
    build = await started(world, "deploy-prod")
    world.buildkite.run_build(build)
    await settled(world, 30)
    world.buildkite.faults.reset(method="PUT", path="/unblock$", applied=applied)
    await world.bob.types(world.deploys, "/bk job unblock release -p deploy-prod -n 1 release-name=1 ring=all")
    await settled(world, 150)
    assert posts(world, "/unblock") == 1
    if applied:
        assert "unblocked" in world.slack.transcript()
    else:
        assert "did *not* happen" in private(world, world.bob)
    assert_true(world, build)


@pytest.mark.parametrize("kind", ["user", "organization", "errors", "resets"])
async def test_reads_that_fail_delay_a_card_and_falsify_none(world: World, kind: str) -> None:
    """Both limits, 5xx and resets on reads: the card waits, and is true afterwards."""
    build = await started(world)
    headers = {"RateLimit-User-Remaining": "0", "RateLimit-User-Reset": "20"}
    if kind == "organization":
        headers = {"RateLimit-Remaining": "0", "RateLimit-Reset": "20"}
    if kind == "resets":
        world.buildkite.faults.reset(method="GET", times=6)
    else:
        status = 503 if kind == "errors" else 429
        world.buildkite.faults.fail(status, method="GET", times=6, headers=headers if status == 429 else None)
    world.buildkite.run_build(build, fail=["lint"])
    await settled(world, 240)
    assert_true(world, build)
    assert_said_once(world)
    assert any("failed" in line for line in replies(world, build))


async def test_an_answer_older_than_a_webhook_does_not_win(world: World) -> None:
    """A read answers with the past after a webhook told of the end: the end is shown in the end."""
    build = await started(world)
    hang = world.buildkite.faults.fail(
        200, method="GET", path="/builds/1$", body=world.buildkite.requests[-1].response_json
    )
    world.buildkite.run_build(build)
    await settled(world, 120)
    assert hang.times == 0
    assert_true(world, build)
    assert_said_once(world)


async def test_the_end_of_a_pause_is_told_once_after_an_outage(world: World) -> None:
    """While Buildkite does not answer nobody can say whether an agent resumed; afterwards it is told once."""
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --timeout-in-minutes 2")
    await settled(world, 60)
    world.buildkite.faults.fail(503, path="/agents/", times=6)
    await settled(world, 360)
    told = [message.plain() for message in world.slack.messages(world.deploys)]
    assert len([line for line in told if "its pause is over" in line]) == 1
