"""What people do again and again in conversations, and what is looked at afterwards."""

from __future__ import annotations

from typing import Any

from simulators.buildkite.models import Build
from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.world import World


async def started(world: World, words: str = "web") -> Build:
    """A build that Alice has just started by slash command; its card stands."""
    await world.alice.types(world.deploys, f"/bk build create {words}")
    await world.settle(3)
    return world.buildkite.builds[-1]


async def failed(world: World, words: str = "web", *jobs: str) -> tuple[Build, Message]:
    """A build of Alice's that has failed, with its card."""
    build = await started(world, words)
    card = world.card()
    world.buildkite.run_build(build, fail=list(jobs) or ["lint"])
    await world.settle(4)
    return build, card


async def blocked(world: World, pipeline: str = "deploy-prod") -> tuple[Build, Message]:
    """A build of Alice's that waits at its block step, with its card."""
    build = await started(world, pipeline)
    world.buildkite.run_build(build)
    await world.settle(4)
    return build, world.card()


async def asks(world: World, person: Person, words: str, card: Message | None = None) -> str:
    """What a person is told privately last, after a slash command, or a mention in the thread of a card."""
    if card is None:
        await person.types(world.deploys, f"/bk {words}")
    else:
        await person.posts(card.channel, f"@kitestring {words}", thread_ts=card)
    await world.settle(1)
    return world.whispers(person)[-1]


def created(world: World) -> dict[str, Any]:
    """The body of the newest request that creates a build."""
    made = [
        request
        for request in world.buildkite.requests
        if request.method == "POST" and request.path.endswith("/builds")
    ]
    return dict(made[-1].json)
