"""Buildkite does what it was asked for, and its answer is lost: nothing is done twice, nothing wrong is said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import settled, town
from tests.robustness.truth import private


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A world in which whoever waits finds that the time has passed."""
    async with town(tmp_path) as lives:
        await lives.begun()
        yield lives.world


def running(world: World) -> Build:
    """A build of web whose lint runs, and a token that may cancel it."""
    world.buildkite.scopes.add("graphql")
    build = world.buildkite.create_build("web")
    world.buildkite.start_job(build.find_job("lint").id)
    return build


def asked(world: World, path: str) -> int:
    """How often something was asked for."""
    return sum(request.method != "GET" and request.path.endswith(path) for request in world.buildkite.requests)


async def types(world: World, words: str, within: float = 120) -> list[str]:
    """What everybody has read once Bob has typed something and all has been looked after."""
    await world.bob.types(world.deploys, f"/bk {words}")
    await settled(world, within)
    return [
        message.plain() for message in world.slack.messages(world.deploys) if "lint" in message.plain().lower()
    ]


async def test_a_job_that_was_canceled_after_all(world: World) -> None:
    """The connection breaks after the job was canceled: its state says so, and it is told once."""
    build = running(world)
    world.buildkite.faults.reset(method="POST", path="/graphql/v1$", applied=True)
    told = await types(world, "job cancel lint -p web -n 1 --yes")
    assert told == ["<@U0BOB0001> canceled :eslint: Lint of web#1"]
    assert (asked(world, "/graphql/v1"), build.find_job("lint").state) == (1, "canceling")


async def test_a_job_that_was_not_canceled(world: World) -> None:
    """The connection breaks before: that is said, with a button that does it now."""
    build = running(world)
    world.buildkite.faults.reset(method="POST", path="/graphql/v1$")
    assert await types(world, "job cancel lint -p web -n 1 --yes") == []
    assert "It did *not* happen" in private(world, world.bob)
    assert (asked(world, "/graphql/v1"), build.find_job("lint").state) == (1, "running")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Do it now")
    await settled(world, 10)
    assert build.find_job("lint").state == "canceling"


async def test_an_annotation_in_its_own_context_is_found_again(world: World) -> None:
    """However often the answer is lost, one annotation is written, and it is told once."""
    build = world.buildkite.create_build("web")
    world.buildkite.faults.fail(502, method="POST", path="/annotations$", times=4, applied=True)
    told = await types(world, 'build annotate web 1 "Lint is slow"')
    assert told == ["<@U0BOB0001> annotated web#1: Lint is slow"]
    assert [annotation["body_html"] for annotation in build.annotations] == ["<p>Lint is slow</p>\n"]


@pytest.mark.parametrize(
    ("applied", "said"), [(True, "It did happen"), (False, "cannot tell whether it happened")]
)
async def test_what_is_added_is_added_once(world: World, applied: bool, said: str) -> None:
    """Adding is never repeated: it is found by its words, or left to whoever looks."""
    build = world.buildkite.create_build("web")
    world.buildkite.annotate(build, "Lint is fine", context="notes")
    world.buildkite.faults.reset(method="POST", path="/annotations$", applied=applied)
    await types(world, 'build annotate web 1 "Lint is **slow**" --context notes --append', within=3600)
    assert said in private(world, world.bob)
    assert asked(world, "/annotations") == 1
    added = "<p>Lint is **slow**</p>\n" if applied else ""
    assert [annotation["body_html"] for annotation in build.annotations] == [f"<p>Lint is fine</p>\n{added}"]


async def test_a_priority_is_set_again(world: World) -> None:
    """The same number twice is the same number: the client repeats it by itself."""
    build = running(world)
    world.buildkite.faults.fail(502, method="PUT", path="/reprioritize$", times=4, applied=True)
    await types(world, 'job priority "Test 1/2" 5 -p web -n 1')
    assert "It did happen" in private(world, world.bob)
    assert [job.priority for job in build.jobs[:3]] == [0, 5, 0]
