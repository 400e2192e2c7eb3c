"""Actions of people on pipelines, and the resulting requests to Buildkite."""

from __future__ import annotations

from typing import Any

from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.world import World, format_message

REPO = "git@github.com:acme-inc/shop.git"
STEPS = "steps:\n  - label: Test\n    command: make test\n"


async def run_command(world: World, person: Person, words: str) -> str:
    """Type a slash command; return its public reply."""
    await person.types(world.deploys, f"/bk {words}")
    await world.settle(3)
    return format_message(find_reply(world))


def find_reply(world: World) -> Message:
    """Return the channel's newest message that isn't a card."""
    found = [message for message in world.slack.messages(world.deploys) if message.plain()[:1].isascii()]
    return found[-1]


async def press(world: World, person: Person, where: Message, label: str) -> None:
    """Press a button and let everything settle."""
    await person.clicks(where, label)
    await world.settle(3)


def find_bodies(world: World, method: str, end: str = "") -> list[dict[str, Any]]:
    """Return the bodies of the requests with that method and path ending, oldest first."""
    sent = [
        request for request in world.buildkite.requests if request.method == method and request.path.endswith(end)
    ]
    return [dict(item.json or {}) for item in sent]
