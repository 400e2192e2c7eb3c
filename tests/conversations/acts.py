"""Actions of people that many conversations share, and ways to read their results."""

from __future__ import annotations

from typing import Any

from simulators.buildkite.models import Build
from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.world import World


async def start_build(world: World, words: str = "web") -> Build:
    """Start a build as Alice by slash command, and wait for its card."""
    await world.alice.types(world.deploys, f"/bk build create {words}")
    await world.settle(3)
    return world.buildkite.builds[-1]


async def fail_build(world: World, words: str = "web", *jobs: str) -> tuple[Build, Message]:
    """Start a build as Alice and let it fail; return it with its card."""
    build = await start_build(world, words)
    card = world.card()
    world.buildkite.run_build(build, fail=list(jobs) or ["lint"])
    await world.settle(4)
    return build, card


async def block_build(world: World, pipeline: str = "deploy-prod") -> tuple[Build, Message]:
    """Start a build as Alice and let it wait at its block step; return it with its card."""
    build = await start_build(world, pipeline)
    world.buildkite.run_build(build)
    await world.settle(4)
    return build, world.card()


async def ask_privately(world: World, person: Person, words: str, card: Message | None = None) -> str:
    """Return the last private message after a slash command, or a mention in the thread of a card."""
    if card is None:
        await person.types(world.deploys, f"/bk {words}")
    else:
        await person.posts(card.channel, f"@kitestring {words}", thread_ts=card)
    await world.settle(1)
    return world.whispers(person)[-1]


def read_created_build(world: World) -> dict[str, Any]:
    """Return the body of the newest request that created a build."""
    made = [
        request
        for request in world.buildkite.requests
        if request.method == "POST" and request.path.endswith("/builds")
    ]
    return dict(made[-1].json)
