"""The bot is killed after each of its commits in turn: after a restart nothing is lost, doubled or wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import Lives, settled, town
from tests.robustness.truth import assert_said_once, assert_true, cards, posts, private, replies


class NothingStarted(Exception):
    """The process ended before the build was asked for."""


Act = Callable[[World], Awaitable[object]]


def built_of(world: World, pipeline: str) -> Build:
    """The one build of a pipeline. Raises NothingStarted when its requester was told that there is none."""
    builds = [build for build in world.buildkite.builds if build.pipeline.slug == pipeline]
    if not builds:
        raise NothingStarted
    (build,) = builds
    return build


async def _start(world: World) -> None:
    await world.bob.types(world.deploys, '/bk build create web -b main -m "Ship it" -e DEPLOY=1')


async def _fail(world: World) -> None:
    build = built_of(world, "web")
    world.buildkite.advance(build)


async def _fail_more(world: World) -> None:
    world.buildkite.run_build(built_of(world, "web"), fail=["lint"])


async def _retry(world: World) -> None:
    build = built_of(world, "web")
    world.buildkite.retry_job(build.find_job("lint").id)


async def _pass(world: World) -> None:
    world.buildkite.run_build(built_of(world, "web"))


async def _release(world: World) -> None:
    await world.bob.posts(world.deploys, "<@U0BOT0001> build create deploy-prod")


async def _to_gate(world: World) -> None:
    world.buildkite.run_build(built_of(world, "deploy-prod"))


async def _open(world: World) -> None:
    world.buildkite.unblock(built_of(world, "deploy-prod").find_job("release").id, {"release-name": "1.0"})


async def _mobile(world: World) -> None:
    await world.alice.types(world.deploys, "/bk build create mobile")


async def _run(world: World) -> None:
    world.buildkite.advance(built_of(world, "mobile"))


async def _cancel(world: World) -> None:
    await world.bob.clicks(cards(world, built_of(world, "mobile"))[0], "Cancel")


async def _end(world: World) -> None:
    build = built_of(world, "mobile")
    while world.buildkite.advance(build):
        continue


async def _pause(world: World) -> None:
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-3")


STORIES: dict[str, tuple[Act, ...]] = {
    "web": (_start, settled, _fail, settled, _fail_more, settled, _retry, settled, _pass, settled),
    "deploy-prod": (_release, settled, _to_gate, settled, _open, settled, _to_gate, settled),
    "mobile": (_mobile, settled, _run, settled, _cancel, settled, _end, settled),
    "agent": (_pause, settled),
}


async def told(lives: Lives, story: str) -> World:
    """Play a story to its end, through whatever deaths there are."""
    with suppress(NothingStarted):
        for act in STORIES[story]:
            await lives.through(act)
    await settled(lives.world, 90)
    return lives.world


def all_is_well(world: World, story: str) -> None:
    """Every card true and alone, every reply once, every wish granted once or answered."""
    assert_said_once(world)
    if story == "agent":
        _paused_or_told(world)
        return
    if not posts(world, "/builds"):
        assert "did *not* happen" in private(world, world.alice if story == "mobile" else world.bob)
        return
    build = built_of(world, story)
    assert posts(world, "/builds") == 1
    assert_true(world, build)
    below = replies(world, build)
    assert len(set(below)) == len(below), world.slack.transcript()
    if story == "mobile" and build.inner_state == "passed":
        assert "build cancel" in private(world, world.bob), world.slack.transcript()
        return
    assert build.inner_state == ("canceled" if story == "mobile" else "passed")
    assert any(build.inner_state in line for line in below), world.slack.transcript()


def _paused_or_told(world: World) -> None:
    if world.buildkite.find_agent("ci-linux-3").paused:
        assert "paused agent" in world.slack.transcript()
    else:
        assert "agent pause" in private(world, world.alice), world.slack.transcript()


@pytest.mark.parametrize("story", STORIES)
async def test_nothing_is_lost_whichever_commit_was_the_last(tmp_path: Path, story: str) -> None:
    """Killed after any commit and started again, every card is true and there once, and nobody is left waiting."""
    async with town(tmp_path / "whole") as lives:
        all_is_well(await told(lives, story), story)
        commits = lives.commits
    assert commits > 5
    for number in range(1, commits + 1):
        async with town(tmp_path / str(number), die_after=number) as lives:
            all_is_well(await told(lives, story), story)
            assert lives.number == 2
