"""What menus offer while somebody types."""

from __future__ import annotations

from tests.conversations.acts import started
from tests.conversations.world import World


async def test_branches_are_those_of_the_chosen_pipeline(world: World) -> None:
    """Recent ones of web, one that was only heard of, and what is typed, though nobody has built it yet."""
    for branch in ("fix/tax", "old"):
        await started(world, f"web -b {branch}")
    await started(world, "api -b other")
    world.buildkite.builds[:] = [build for build in world.buildkite.builds if build.branch != "old"]
    await world.bob.types(world.deploys, "/bk build create")
    await world.settle(1)
    await world.bob.picks(world.slack.modal_of(world.bob), "Pipeline", "web")
    assert await world.bob.searches("Branch", "") == ["fix/tax", "main", "old"]
    assert await world.bob.searches("Branch", "o") == ["o", "old"]
    await world.bob.submits({"Pipeline": "web", "Branch": "brand/new"})
    await world.settle(2)
    assert world.buildkite.builds[-1].branch == "brand/new"
