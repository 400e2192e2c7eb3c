"""What people do with pipelines, and what Buildkite is asked for then."""

from __future__ import annotations

from typing import Any

from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.world import World, shown

REPO = "git@github.com:acme-inc/shop.git"
STEPS = "steps:\n  - label: Test\n    command: make test\n"


async def says(world: World, person: Person, words: str) -> str:
    """A slash command that is answered in public: what stands in the channel then."""
    await person.types(world.deploys, f"/bk {words}")
    await world.settle(3)
    return shown(answer(world))


def answer(world: World) -> Message:
    """The newest message of the channel that is no card."""
    found = [message for message in world.slack.messages(world.deploys) if message.plain().startswith("<@")]
    return found[-1]


async def presses(world: World, person: Person, where: Message, label: str) -> None:
    """A button, and all that comes of it."""
    await person.clicks(where, label)
    await world.settle(3)


def asked(world: World, method: str, end: str = "") -> list[dict[str, Any]]:
    """The bodies of the requests with that method whose path ends so, oldest first."""
    sent = [
        request for request in world.buildkite.requests if request.method == method and request.path.endswith(end)
    ]
    return [dict(item.json or {}) for item in sent]
