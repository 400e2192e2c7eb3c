"""The bot is killed after each of its commits in turn: after a restart nothing is lost, duplicated or wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import Lives, open_town, settle
from tests.robustness.truth import (
    assert_card_is_correct,
    assert_posted_once,
    count_writes,
    find_cards,
    read_private,
    read_replies,
)
from tests.sampling import Sample


class NothingStarted(Exception):
    """The process ended before the build was requested."""


Act = Callable[[World], Awaitable[object]]


def find_build(world: World, pipeline: str) -> Build:
    """Return the pipeline's only build. Raise NothingStarted if its requester was told that there is none."""
    builds = [build for build in world.buildkite.builds if build.pipeline.slug == pipeline]
    if not builds:
        raise NothingStarted
    (build,) = builds
    return build


async def _start(world: World) -> None:
    await world.bob.types(world.deploys, '/bk build create web -b main -m "Ship it" -e DEPLOY=1')


async def _fail(world: World) -> None:
    build = find_build(world, "web")
    world.buildkite.advance(build)


async def _fail_more(world: World) -> None:
    world.buildkite.run_build(find_build(world, "web"), fail=["lint"])


async def _retry(world: World) -> None:
    build = find_build(world, "web")
    world.buildkite.retry_job(build.find_job("lint").id)


async def _pass(world: World) -> None:
    world.buildkite.run_build(find_build(world, "web"))


async def _release(world: World) -> None:
    await world.bob.posts(world.deploys, "<@U0BOT0001> build create deploy-prod")


async def _to_gate(world: World) -> None:
    world.buildkite.run_build(find_build(world, "deploy-prod"))


async def _open(world: World) -> None:
    world.buildkite.unblock(find_build(world, "deploy-prod").find_job("release").id, {"release-name": "1.0"})


async def _mobile(world: World) -> None:
    await world.alice.types(world.deploys, "/bk build create mobile")


async def _run(world: World) -> None:
    world.buildkite.advance(find_build(world, "mobile"))


async def _cancel(world: World) -> None:
    await world.bob.clicks(find_cards(world, find_build(world, "mobile"))[0], "Cancel")


async def _end(world: World) -> None:
    build = find_build(world, "mobile")
    while world.buildkite.advance(build):
        continue


async def _pause(world: World) -> None:
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-3")


STORIES: dict[str, tuple[Act, ...]] = {
    "web": (_start, settle, _fail, settle, _fail_more, settle, _retry, settle, _pass, settle),
    "deploy-prod": (_release, settle, _to_gate, settle, _open, settle, _to_gate, settle),
    "mobile": (_mobile, settle, _run, settle, _cancel, settle, _end, settle),
    "agent": (_pause, settle),
}


async def play_story(lives: Lives, story: str) -> World:
    """Play a story to its end, through any deaths."""
    with suppress(NothingStarted):
        for act in STORIES[story]:
            await lives.play(act)
    await settle(lives.world, 90)
    return lives.world


def assert_all_is_well(world: World, story: str) -> None:
    """Assert that cards are correct and unique, replies posted once, and requests carried out once or answered."""
    assert_posted_once(world)
    if story == "agent":
        _paused_or_told(world)
        return
    if not count_writes(world, "/builds"):
        assert "did *not* go through" in read_private(world, world.alice if story == "mobile" else world.bob)
        return
    build = find_build(world, story)
    assert count_writes(world, "/builds") == 1
    assert_card_is_correct(world, build)
    below = read_replies(world, build)
    assert len(set(below)) == len(below), world.slack.transcript()
    if story == "mobile" and build.inner_state == "passed":
        assert "build cancel" in read_private(world, world.bob), world.slack.transcript()
        return
    assert build.inner_state == ("canceled" if story == "mobile" else "passed")
    assert any(build.inner_state in line for line in below), world.slack.transcript()


def _paused_or_told(world: World) -> None:
    if world.buildkite.find_agent("ci-linux-3").paused:
        assert "paused agent" in world.slack.transcript()
    else:
        assert "agent pause" in read_private(world, world.alice), world.slack.transcript()


@pytest.mark.parametrize("story", STORIES)
async def test_nothing_is_lost_whichever_commit_was_the_last(tmp_path: Path, story: str, sample: Sample) -> None:
    """Killed after any commit and restarted, the bot has one correct card per build and leaves no one waiting."""
    async with open_town(tmp_path / "whole") as lives:
        assert_all_is_well(await play_story(lives, story), story)
        commits = lives.commits
    assert commits > 5
    for number in sample(range(1, commits + 1), keep=3):
        async with open_town(tmp_path / str(number), die_after=number) as lives:
            assert_all_is_well(await play_story(lives, story), story)
            assert lives.number == 2
