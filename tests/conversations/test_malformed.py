"""Payloads over Socket Mode, which the signature guard doesn't check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from structlog.testing import capture_logs

from bot.listeners.bolt_app import FOLLOW
from bot.listeners.event_listeners import START
from tests.conversations.world import World

SLACK = Path(__file__).parent.parent / "fixtures" / "slack"
CALLBACKS = {"message_action": {"callback_id": FOLLOW}, "shortcut": {"callback_id": START}}


async def receive(world: World, payload: object) -> tuple[int, list[str]]:
    """Hand Bolt a payload as from a socket; returns the status and the logged events."""
    request = AsyncBoltRequest(mode="socket_mode", body=json.loads(json.dumps(payload)))
    with capture_logs() as logs:
        response = await world.bot.workspace.interaction.bolt.async_dispatch(request)
    return response.status, [entry["event"] for entry in logs]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("slash_command", "user_id"),
        ("block_actions_message", "actions.0.value"),
        ("block_suggestion", "user.id"),
        ("view_submission", "view.id"),
        ("message_action", "message.ts"),
        ("shortcut", "trigger_id"),
        ("event_app_mention", "event.ts"),
        ("event_app_home_opened", "event.user"),
        ("event_link_shared", "event.links"),
    ],
)
async def test_a_malformed_payload_is_acknowledged_and_ignored(world: World, name: str, field: str) -> None:
    """A payload of another shape is logged and acknowledged, so that Slack doesn't send it again."""
    payload = json.loads((SLACK / f"{name}.json").read_text()) | CALLBACKS.get(name, {})
    *path, last = field.split(".")
    node = payload
    for key in path:
        node = node[int(key)] if key.isdigit() else node[key]
    node[last] = {"odd": True}
    assert await receive(world, payload) == (200, ["malformed payload ignored"])
    assert world.buildkite.builds == []
