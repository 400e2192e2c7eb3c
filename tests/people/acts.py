"""Steps that these conversations share."""

from __future__ import annotations

from simulators.buildkite.models import Build
from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.world import World, format_message

ALICE = {"name": "Alice Carroll", "email": "Alice@acme.example"}


async def ask_and_read_answer(world: World, person: Person, words: str) -> str:
    """Run a slash command in #deploys and return the private answer."""
    await person.types(world.deploys, f"/bk {words}")
    await world.settle(1)
    return world.whispers(person)[-1]


async def run_pushed_build(
    world: World, author: dict[str, str], *fail: str, pipeline: str = "web", **more: str
) -> Build:
    """Run a build started by a push of this author."""
    build = world.buildkite.create_build_elsewhere(pipeline, source="webhook", author=author, **more)
    world.buildkite.run_build(build, fail=list(fail))
    await world.settle(6)
    return build


def list_direct_messages(world: World, person: Person) -> list[Message]:
    """Return the bot's direct messages to a person, without replies."""
    return [
        message
        for message in world.slack.messages(person.dm)
        if not message.is_reply and message.user != person.id
    ]


def list_direct_texts(world: World, person: Person) -> list[str]:
    """Return the direct messages to a person as they read them."""
    return [format_message(direct) for direct in list_direct_messages(world, person)]


def list_first_lines(world: World, person: Person) -> list[str]:
    """Return the notification text of each direct message."""
    return [direct.text for direct in list_direct_messages(world, person)]
