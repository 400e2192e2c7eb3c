"""What is done again and again in these conversations."""

from __future__ import annotations

from simulators.buildkite.models import Build
from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.world import World, shown

ALICE = {"name": "Alice Carroll", "email": "Alice@acme.example"}


async def told(world: World, person: Person, words: str) -> str:
    """What a person is told privately after a slash command in #deploys."""
    await person.types(world.deploys, f"/bk {words}")
    await world.settle(1)
    return world.whispers(person)[-1]


async def pushed(world: World, author: dict[str, str], *fail: str, pipeline: str = "web", **more: str) -> Build:
    """A push of that author's started a build, which has ended."""
    build = world.buildkite.create_build_elsewhere(pipeline, source="webhook", author=author, **more)
    world.buildkite.run_build(build, fail=list(fail))
    await world.settle(6)
    return build


def directs(world: World, person: Person) -> list[Message]:
    """What the bot has posted in the DM with a person, replies left out."""
    return [
        message
        for message in world.slack.messages(person.dm)
        if not message.is_reply and message.user != person.id
    ]


def texts(world: World, person: Person) -> list[str]:
    """The same as people read it."""
    return [shown(direct) for direct in directs(world, person)]


def lines(world: World, person: Person) -> list[str]:
    """The one line of each."""
    return [direct.text for direct in directs(world, person)]
