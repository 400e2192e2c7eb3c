"""Messages between people aren't commands."""

from __future__ import annotations

import time

import pytest

from bot.listeners.payload_shapes import ShortcutMessage
from bot.listeners.requests import find_build_url
from simulators.slack.delivery import AppRequest
from tests.conversations.world import World

SECONDS = 2.0


@pytest.mark.parametrize("kind", ["channel", "group", "mpim", None])
async def test_channel_messages_are_not_commands(world: World, kind: str | None) -> None:
    """If an app receives all messages of a channel, those that don't mention it start nothing."""
    await world.bob.posts(world.bob.dm, "help")
    await world.settle(1)
    last = world.slack.delivery.last
    assert last is not None
    before = world.transcript()
    payload = dict(last.outgoing.payload)
    payload["event"] = payload["event"] | {
        "channel": world.deploys.id,
        "channel_type": kind,
        "text": "build create web",
        "ts": "1999999999.000100",
    }
    ack = await world.slack.delivery.send(AppRequest(last.outgoing.kind, payload))
    await world.settle(3)
    assert ack.status == 200
    assert world.buildkite.builds == []
    assert world.transcript() == before


@pytest.mark.parametrize("words", ["http://", "http://a/", "http://a/b/c/", "https://a/b/c/builds/"])
def test_a_message_full_of_addresses_is_read_quickly(words: str) -> None:
    """A message of nothing but beginnings of URLs, as long as a body may be, holds nothing up."""
    begun = time.perf_counter()
    assert find_build_url(ShortcutMessage("1.0", text=words * (1024 * 1024 // len(words)))) is None
    assert time.perf_counter() - begun < SECONDS
