"""Buildkite's response to a change of a job is lost: nothing is done twice or reported wrongly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulators.buildkite.models import Build
from tests.conversations.world import World
from tests.robustness.lives import open_town, settle
from tests.robustness.truth import read_private


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A world whose clock advances while something waits."""
    async with open_town(tmp_path) as lives:
        await lives.start_first_life()
        yield lives.world


def start_lint(world: World) -> Build:
    """Start a build of web whose lint runs, with a token that may cancel it."""
    world.buildkite.scopes.add("graphql")
    build = world.buildkite.create_build("web")
    world.buildkite.start_job(build.find_job("lint").id)
    return build


def count_requests(world: World, path: str) -> int:
    """Return the number of changing requests to a path."""
    return sum(request.method != "GET" and request.path.endswith(path) for request in world.buildkite.requests)


async def type_and_settle(world: World, words: str, within: float = 120) -> list[str]:
    """Have Bob type a command; return the public messages about lint once everything has settled."""
    await world.bob.types(world.deploys, f"/bk {words}")
    await settle(world, within)
    return [
        message.plain() for message in world.slack.messages(world.deploys) if "lint" in message.plain().lower()
    ]


async def test_a_cancel_with_a_lost_response_is_reported_once(world: World) -> None:
    """The connection breaks after the job was canceled; the job's state proves it, and it's reported once."""
    build = start_lint(world)
    world.buildkite.faults.reset(method="POST", path="/graphql/v1$", applied=True)
    messages = await type_and_settle(world, "job cancel lint -p web -n 1 --yes")
    assert messages == ["bob canceled :eslint: Lint of web#1"]
    assert (count_requests(world, "/graphql/v1"), build.find_job("lint").state) == (1, "canceling")


async def test_a_cancel_that_did_not_arrive_is_offered_again(world: World) -> None:
    """The connection breaks before Buildkite got the request; the person gets a button to retry."""
    build = start_lint(world)
    world.buildkite.faults.reset(method="POST", path="/graphql/v1$")
    assert await type_and_settle(world, "job cancel lint -p web -n 1 --yes") == []
    assert "It did *not* go through" in read_private(world, world.bob)
    assert (count_requests(world, "/graphql/v1"), build.find_job("lint").state) == (1, "running")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Do it now")
    await settle(world, 10)
    assert build.find_job("lint").state == "canceling"


async def test_an_annotation_in_its_own_context_is_found_again(world: World) -> None:
    """However often the response is lost, one annotation is written and reported once."""
    build = world.buildkite.create_build("web")
    world.buildkite.faults.fail(502, method="POST", path="/annotations$", times=4, applied=True)
    messages = await type_and_settle(world, 'build annotate web 1 "Lint is slow"')
    assert messages == ["bob annotated web#1: Lint is slow"]
    assert [annotation["body_html"] for annotation in build.annotations] == ["<p>Lint is slow</p>\n"]


@pytest.mark.parametrize(
    ("applied", "reply"), [(True, "It went through"), (False, "can't tell whether it went through")]
)
async def test_an_append_is_never_repeated(world: World, applied: bool, reply: str) -> None:
    """An append is found by its words or, if it isn't, left to the person."""
    build = world.buildkite.create_build("web")
    world.buildkite.annotate(build, "Lint is fine", context="notes")
    world.buildkite.faults.reset(method="POST", path="/annotations$", applied=applied)
    await type_and_settle(world, 'build annotate web 1 "Lint is **slow**" --context notes --append', within=3600)
    assert reply in read_private(world, world.bob)
    assert count_requests(world, "/annotations") == 1
    added = "<p>Lint is **slow**</p>\n" if applied else ""
    assert [annotation["body_html"] for annotation in build.annotations] == [f"<p>Lint is fine</p>\n{added}"]


async def test_a_priority_is_set_again(world: World) -> None:
    """Setting the same priority twice is harmless, so the client repeats it."""
    build = start_lint(world)
    world.buildkite.faults.fail(502, method="PUT", path="/reprioritize$", times=4, applied=True)
    await type_and_settle(world, 'job priority "Test 1/2" 5 -p web -n 1')
    assert "It went through" in read_private(world, world.bob)
    assert [job.priority for job in build.jobs[:3]] == [0, 5, 0]
