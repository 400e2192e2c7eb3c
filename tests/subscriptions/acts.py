"""Steps that these conversations share."""

from __future__ import annotations

from simulators.buildkite.models import Build
from simulators.slack.models import Channel, Message
from tests.conversations.world import World, format_message


async def subscribe(world: World, words: str = "web", channel: Channel | None = None) -> None:
    """Subscribe a channel as Alice, without confirmation."""
    await world.alice.types(channel or world.deploys, f"/bk subscribe {words} --yes")
    await world.settle(2)


async def run_build(world: World, pipeline: str = "web", *, fail: tuple[str, ...] = (), **more: object) -> Build:
    """Run a build that was started outside of Slack, and wait for everything that follows."""
    build = world.buildkite.create_build(pipeline, **more)
    world.buildkite.run_build(build, fail=list(fail))
    await world.settle(3)
    return build


def list_cards(world: World, channel: Channel | None = None) -> list[Message]:
    """Return the cards in a channel, oldest first, without answers to commands."""
    where = channel or world.deploys
    return [
        message
        for message in world.slack.messages(where)
        if not message.text[:1].isascii() and not message.is_reply
    ]


def list_card_texts(world: World, channel: Channel | None = None) -> list[str]:
    """Return the notification text of each card."""
    return [card.text for card in list_cards(world, channel)]


def format_card(message: Message) -> str:
    """Return a message as people read it."""
    return format_message(message)
