"""Simulated builds that take time, as data for reports."""

from __future__ import annotations

from collections.abc import Collection

from simulators.buildkite.models import Build
from tests.conversations.world import World


def build(
    world: World, pipeline: str = "web", *, fail: Collection[str] = (), seconds: float = 30, branch: str = "main"
) -> Build:
    """Run a pushed build to its end, with the given seconds for each of its steps."""
    made = world.buildkite.create_build_elsewhere(
        pipeline, branch, "Mend it", creator="Noor Haddad", source="webhook"
    )
    play(world, made, fail, seconds)
    return made


def play(world: World, made: Build, fail: Collection[str], seconds: float) -> None:
    """Run a build to its end."""
    while True:
        world.clock.advance(seconds)
        if not world.buildkite.advance(made, fail):
            return


def hours(world: World, count: float) -> None:
    """Let hours pass."""
    world.clock.advance(count * 3600)


async def settle_reports(world: World) -> None:
    """Deliver, read and answer everything that is due."""
    while await world.turn():
        continue
