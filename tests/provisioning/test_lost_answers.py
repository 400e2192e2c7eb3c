"""Buildkite's response is lost: the result is looked up, and nothing is done twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conversations.world import World, format_message
from tests.provisioning.acts import REPO, find_bodies
from tests.provisioning.conftest import ADDRESS, add_team_and_template
from tests.robustness.lives import open_town, settle


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A world whose clock advances while something sleeps."""
    async with open_town(tmp_path) as lives:
        lives.more |= {"KITESTRING_URL": ADDRESS}
        await lives.start_first_life()
        add_team_and_template(lives.world)
        yield lives.world


def read_everything(world: World) -> str:
    """Return every message in the world."""
    return world.transcript()


async def type_and_settle(world: World, words: str) -> None:
    """Have Alice type a command, and let everything settle."""
    await world.alice.types(world.deploys, f"/bk {words}")
    await settle(world, 120)


@pytest.mark.parametrize("lookups", [0, 1, 4])
async def test_a_pipeline_is_created_once(world: World, lookups: int) -> None:
    """The connection breaks after the pipeline was created; it's found by its slug, immediately or later."""
    world.buildkite.faults.reset(method="POST", path="/pipelines$", applied=True)
    world.buildkite.faults.fail(404, method="GET", path="/pipelines/shop$")
    if lookups:
        world.buildkite.faults.fail(503, method="GET", path="/pipelines/shop$", times=lookups * 4)
    await type_and_settle(world, f"pipeline create Shop -r {REPO} --build --webhook")
    assert len(find_bodies(world, "POST", "/pipelines")) == 1
    assert "created pipeline Shop" in read_everything(world)
    assert len([build for build in world.buildkite.builds if build.pipeline.slug == "shop"]) <= 1


async def test_a_pipeline_that_was_not_created_is_reported(world: World) -> None:
    """The connection breaks before Buildkite got the request; the person gets a button to retry."""
    world.buildkite.faults.reset(method="POST", path="/pipelines$")
    await type_and_settle(world, f"pipeline create Shop -r {REPO}")
    assert "did *not* go through" in format_message(world.slack.ephemerals(world.alice)[-1])
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Do it now")
    await settle(world, 60)
    assert "shop" in world.buildkite.pipelines
    assert "created pipeline Shop" in read_everything(world)


@pytest.mark.exhaustive(keep=3)
@pytest.mark.parametrize(
    ("words", "method", "path", "done"),
    [
        ("pipeline update web -d Newer", "PATCH", "/pipelines/web$", "changed pipeline Web"),
        ("pipeline archive web --yes", "POST", "/archive$", "archived pipeline Web"),
        ("pipeline unarchive mobile", "POST", "/unarchive$", "unarchived pipeline Mobile"),
        ("pipeline delete web --name web --yes", "DELETE", "/pipelines/web$", "deleted pipeline"),
        ("pipeline copy web Fork", "POST", "/pipelines$", "copied web to pipeline Fork"),
        ("admin service add", "POST", "/services$", "created the Buildkite webhook"),
    ],
)
async def test_a_change_with_a_lost_response_is_reported_once(
    world: World, words: str, method: str, path: str, done: str
) -> None:
    """Each change is found to have happened and reported once in public."""
    world.buildkite.archive("mobile")
    world.buildkite.hooks.webhooks.clear()
    world.buildkite.faults.reset(method=method, path=path, applied=True)
    await type_and_settle(world, words)
    assert read_everything(world).count(done) == 1
    assert len(world.buildkite.hooks.webhooks) <= 1
