"""The options of menus while a person types."""

from __future__ import annotations

from tests.conversations.acts import start_build
from tests.conversations.world import World


async def test_branches_are_those_of_the_chosen_pipeline(world: World) -> None:
    """Recent branches of web, one only known from webhooks, and the typed text, even if it was never built."""
    for branch in ("fix/tax", "old"):
        await start_build(world, f"web -b {branch}")
    await start_build(world, "api -b other")
    world.buildkite.builds[:] = [build for build in world.buildkite.builds if build.branch != "old"]
    await world.bob.types(world.deploys, "/bk build create")
    await world.settle(1)
    await world.bob.picks(world.slack.modal_of(world.bob), "Pipeline", "web")
    assert await world.bob.searches("Branch", "") == ["fix/tax", "main", "old"]
    assert await world.bob.searches("Branch", "o") == ["o", "old"]
    await world.bob.submits({"Pipeline": "web", "Branch": "brand/new"})
    await world.settle(2)
    assert world.buildkite.builds[-1].branch == "brand/new"
