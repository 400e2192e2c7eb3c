"""A signed request can't be used twice, later, or from another workspace."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulators.slack.delivery import AppRequest
from tests.conversations.acts import fail_build
from tests.conversations.world import World

OTHER = "T0OTHER01"


def move_to_other_workspace(payload: Any) -> Any:
    """Return the request as another workspace would send it."""
    if isinstance(payload, list):
        return [move_to_other_workspace(each) for each in payload]
    if not isinstance(payload, dict):
        return payload
    elsewhere = {
        "team_id": OTHER,
        "team": {"id": OTHER, "domain": "other"},
        "user_team": OTHER,
        "source_team": OTHER,
    }
    return {
        key: elsewhere[key] if key in elsewhere else move_to_other_workspace(each) for key, each in payload.items()
    }


def collect_effects(world: World) -> tuple[int, int, str]:
    """Return all visible effects: requests that change something, builds, and public messages."""
    writes = [asked for asked in world.buildkite.requests if asked.method != "GET"]
    return len(writes), len(world.buildkite.builds), world.transcript(world.deploys)


async def test_repeated_deliveries_change_nothing(world: World) -> None:
    """All deliveries once more, byte for byte, add no card and no reply and change no text."""
    await fail_build(world)
    before, history = collect_effects(world), list(world.buildkite.hooks.history)
    now = world.clock.now().timestamp()
    world.buildkite.hooks.outbox.extend(replace(delivery, due=now, status=None) for delivery in history)
    await world.settle(30)
    assert world.buildkite.hooks.outbox == []
    assert {delivery.status for delivery in world.buildkite.hooks.history} == {200}
    assert collect_effects(world) == before


@pytest.mark.parametrize("seconds", [301, 3600])
async def test_a_signed_request_at_another_time(world: World, seconds: int) -> None:
    """A signed request that is over five minutes old is refused and has no effect."""
    await world.bob.types(world.deploys, "/bk build create web")
    await world.settle(3)
    before = collect_effects(world)
    world.clock.advance(seconds)
    ack = await world.slack.replay()
    await world.bot.drain()
    assert (ack.status, collect_effects(world)) == (401, before)


@pytest.mark.parametrize("way", ["command", "mention", "click"])
async def test_another_workspaces_request(world: World, way: str) -> None:
    """A signed request from a workspace that isn't served has no effect, whatever its kind."""
    _, card = await fail_build(world)
    if way == "command":
        await world.bob.types(world.deploys, "/bk agent list")
    elif way == "mention":
        await world.bob.posts(world.deploys, "@kitestring agent list")
    else:
        await world.bob.clicks(card, "Logs")
    await world.settle(2)
    last = world.slack.delivery.last
    assert last is not None
    before, whispers = collect_effects(world), world.whispers(world.bob)
    words = {"text": "build create web"} if way == "command" else {}
    fresh = {"trigger_id": "9.9.f"} if way == "command" else {}
    payload = move_to_other_workspace(last.outgoing.payload) | words | fresh
    if way == "mention":
        payload["event"] |= {"ts": "1999999999.000100", "text": "<@U0KITE> build create web"}
    ack = await world.slack.delivery.send(AppRequest(last.outgoing.kind, payload))
    await world.settle(2)
    assert ack.status == 200
    assert (collect_effects(world), world.whispers(world.bob)) == (before, whispers)
