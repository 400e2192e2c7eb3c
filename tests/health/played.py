"""Builds at Buildkite that take time: what reports are made of."""

from __future__ import annotations

from collections.abc import Collection

from simulators.buildkite.models import Build
from tests.conversations.world import World


def build(
    world: World, pipeline: str = "web", *, fail: Collection[str] = (), seconds: float = 30, branch: str = "main"
) -> Build:
    """Somebody's push is built to its end; every step of the build's life takes so many seconds."""
    made = world.buildkite.create_build_elsewhere(
        pipeline, branch, "Mend it", creator="Noor Haddad", source="webhook"
    )
    play(world, made, fail, seconds)
    return made


def play(world: World, made: Build, fail: Collection[str], seconds: float) -> None:
    """Play a build on to its end."""
    while True:
        world.clock.advance(seconds)
        if not world.buildkite.advance(made, fail):
            return


def hours(world: World, count: float) -> None:
    """Time passes."""
    world.clock.advance(count * 3600)


async def heard(world: World) -> None:
    """Everything that is due is delivered, read and answered."""
    while await world.turn():
        continue
