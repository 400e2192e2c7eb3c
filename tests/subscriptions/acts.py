"""What is done again and again in these conversations."""

from __future__ import annotations

from simulators.buildkite.models import Build
from simulators.slack.models import Channel, Message
from tests.conversations.world import World, format_message


async def subscribed(world: World, words: str = "web", channel: Channel | None = None) -> None:
    """Alice subscribes a channel, without being asked back; what is said to that is there."""
    await world.alice.types(channel or world.deploys, f"/bk subscribe {words} --yes")
    await world.settle(2)


async def built(world: World, pipeline: str = "web", *, fail: tuple[str, ...] = (), **more: object) -> Build:
    """A build that nobody asked for from Slack has ended, and all that follows from it has happened."""
    build = world.buildkite.create_build(pipeline, **more)
    world.buildkite.run_build(build, fail=list(fail))
    await world.settle(3)
    return build


def cards(world: World, channel: Channel | None = None) -> list[Message]:
    """The cards in a channel, oldest first: what was said to commands is left out."""
    where = channel or world.deploys
    return [
        message
        for message in world.slack.messages(where)
        if not message.text.startswith("<@") and not message.is_reply
    ]


def texts(world: World, channel: Channel | None = None) -> list[str]:
    """The one line of each card."""
    return [card.text for card in cards(world, channel)]


def whole(message: Message) -> str:
    """A message as people read it."""
    return format_message(message)
