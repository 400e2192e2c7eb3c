"""An answer that is lost: what was asked for is looked for, and never done twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conversations.world import World, shown
from tests.provisioning.acts import REPO, asked
from tests.provisioning.conftest import ADDRESS, furnish
from tests.robustness.lives import settled, town


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The world whose clock goes on by itself where somebody sleeps."""
    async with town(tmp_path) as lives:
        lives.more |= {"KITESTRING_URL": ADDRESS}
        await lives.begun()
        furnish(lives.world)
        yield lives.world


def said(world: World) -> str:
    """Everything that anybody was told."""
    return world.transcript()


async def says(world: World, words: str) -> None:
    """Alice asks, and all comes to rest."""
    await world.alice.types(world.deploys, f"/bk {words}")
    await settled(world, 120)


@pytest.mark.parametrize("looks", [0, 1, 4])
async def test_a_pipeline_is_made_once(world: World, looks: int) -> None:
    """The connection breaks after Buildkite made it; it is found by its slug, at once or later."""
    world.buildkite.faults.reset(method="POST", path="/pipelines$", applied=True)
    world.buildkite.faults.fail(404, method="GET", path="/pipelines/shop$")
    if looks:
        world.buildkite.faults.fail(503, method="GET", path="/pipelines/shop$", times=looks * 4)
    await says(world, f"pipeline create Shop -r {REPO} --build --webhook")
    assert len(asked(world, "POST", "/pipelines")) == 1
    assert "created pipeline Shop" in said(world)
    assert len([build for build in world.buildkite.builds if build.pipeline.slug == "shop"]) <= 1


async def test_a_pipeline_that_never_arrived_is_reported(world: World) -> None:
    """The connection breaks before Buildkite took the wish: told, with a button to do it now."""
    world.buildkite.faults.reset(method="POST", path="/pipelines$")
    await says(world, f"pipeline create Shop -r {REPO}")
    assert "did *not* happen" in shown(world.slack.ephemerals(world.alice)[-1])
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Do it now")
    await settled(world, 60)
    assert "shop" in world.buildkite.pipelines
    assert "created pipeline Shop" in said(world)


@pytest.mark.parametrize(
    ("words", "method", "path", "done"),
    [
        ("pipeline update web -d Newer", "PATCH", "/pipelines/web$", "changed pipeline Web"),
        ("pipeline archive web --yes", "POST", "/archive$", "archived pipeline Web"),
        ("pipeline unarchive mobile", "POST", "/unarchive$", "unarchived pipeline Mobile"),
        ("pipeline delete web --yes", "DELETE", "/pipelines/web$", "deleted pipeline"),
        ("pipeline copy web Fork", "POST", "/pipelines$", "copied web to pipeline Fork"),
        ("service add", "POST", "/services$", "created the Buildkite webhook"),
    ],
)
async def test_what_was_done_is_told_although_the_answer_was_lost(
    world: World, words: str, method: str, path: str, done: str
) -> None:
    """Each is found to have happened by looking, and said once in public."""
    world.buildkite.archive("mobile")
    world.buildkite.hooks.webhooks.clear()
    world.buildkite.faults.reset(method=method, path=path, applied=True)
    await says(world, words)
    assert said(world).count(done) == 1
    assert len(world.buildkite.hooks.webhooks) <= 1
