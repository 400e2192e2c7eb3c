"""What was signed once cannot be used twice, later, or from another workspace."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulators.slack.delivery import AppRequest
from tests.conversations.acts import failed
from tests.conversations.world import World

OTHER = "T0OTHER01"


def moved(payload: Any) -> Any:
    """The same, as another workspace would send it."""
    if isinstance(payload, list):
        return [moved(each) for each in payload]
    if not isinstance(payload, dict):
        return payload
    elsewhere = {
        "team_id": OTHER,
        "team": {"id": OTHER, "domain": "other"},
        "user_team": OTHER,
        "source_team": OTHER,
    }
    return {key: elsewhere[key] if key in elsewhere else moved(each) for key, each in payload.items()}


def effects(world: World) -> tuple[int, int, str]:
    """What can be seen of what was done: requests that change something, builds, all that was said in public."""
    writes = [asked for asked in world.buildkite.requests if asked.method != "GET"]
    return len(writes), len(world.buildkite.builds), world.transcript(world.deploys)


async def test_every_delivery_of_buildkites_again(world: World) -> None:
    """All deliveries once more, byte for byte: no second card, no second reply, no other words."""
    await failed(world)
    before, told = effects(world), list(world.buildkite.hooks.history)
    now = world.clock.now().timestamp()
    world.buildkite.hooks.outbox.extend(replace(delivery, due=now, status=None) for delivery in told)
    await world.settle(30)
    assert world.buildkite.hooks.outbox == []
    assert {delivery.status for delivery in world.buildkite.hooks.history} == {200}
    assert effects(world) == before


@pytest.mark.parametrize("seconds", [301, 3600])
async def test_a_signed_request_at_another_time(world: World, seconds: int) -> None:
    """Over five minutes on, a request that Slack did sign is refused, and nothing comes of it."""
    await world.bob.types(world.deploys, "/bk build create web")
    await world.settle(3)
    before = effects(world)
    world.clock.advance(seconds)
    ack = await world.slack.replay()
    await world.bot.runner.drain()
    assert (ack.status, effects(world)) == (401, before)


@pytest.mark.parametrize("way", ["command", "mention", "click"])
async def test_another_workspaces_request(world: World, way: str) -> None:
    """Signed as it is, what comes from a workspace that is not served does nothing, by whatever way."""
    _, card = await failed(world)
    if way == "command":
        await world.bob.types(world.deploys, "/bk agent list")
    elif way == "mention":
        await world.bob.posts(world.deploys, "@kitestring agent list")
    else:
        await world.bob.clicks(card, "Logs")
    await world.settle(2)
    last = world.slack.delivery.last
    assert last is not None
    before, whispers = effects(world), world.whispers(world.bob)
    words = {"text": "build create web"} if way == "command" else {}
    fresh = {"trigger_id": "9.9.f"} if way == "command" else {}
    payload = moved(last.outgoing.payload) | words | fresh
    if way == "mention":
        payload["event"] |= {"ts": "1999999999.000100", "text": "<@U0KITE> build create web"}
    ack = await world.slack.delivery.send(AppRequest(last.outgoing.kind, payload))
    await world.settle(2)
    assert ack.status == 200
    assert (effects(world), world.whispers(world.bob)) == (before, whispers)
