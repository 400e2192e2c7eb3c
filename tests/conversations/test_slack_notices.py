"""Slack's notices about the app itself: events that it dropped, its certificate check, a changed installation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.slack.signing import sign_headers
from tests.conversations.acts import ask_privately
from tests.conversations.test_metrics import read_samples
from tests.conversations.world import SIGNING_SECRET, World

FIXTURES = Path(__file__).parents[1] / "fixtures" / "slack"


def load(name: str) -> dict[str, Any]:
    """Return a recorded payload."""
    loaded: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return loaded


async def send(world: World, body: bytes, media_type: str = "application/json") -> int:
    """Send a signed request and return the status of its answer."""
    headers = sign_headers(SIGNING_SECRET, int(world.slack.now()), body, media_type)
    async with httpx.AsyncClient() as http:
        return (await http.post(str(world.slack.request_url), content=body, headers=headers)).status_code


async def count_notices(world: World) -> dict[str, float]:
    """Return the number of notices by kind."""
    samples = await read_samples(world)
    return {
        found.labels["kind"]: found.value for found in samples if found.name == "kitestring_slack_notices_total"
    }


async def test_dropped_events_are_counted_and_shown(world: World) -> None:
    """Slack dropped events in a minute: that's acknowledged, counted, and part of the status for a day."""
    minute = int(world.clock.now().timestamp()) - 60
    notice = load("event_app_rate_limited") | {"minute_rate_limited": minute}
    assert await send(world, json.dumps(notice).encode()) == 200
    assert await count_notices(world) == {"app_rate_limited": 1}
    assert "dropped at" in await ask_privately(world, world.bob, "status")
    world.clock.advance(86_400)
    assert "dropped at" not in await ask_privately(world, world.bob, "status")


@pytest.mark.parametrize("wrong", [{"minute_rate_limited": "soon"}, {"minute_rate_limited": 10**30}])
async def test_a_malformed_notice_is_refused(world: World, wrong: dict[str, object]) -> None:
    """A notice without a minute isn't Slack's."""
    assert await send(world, json.dumps(load("event_app_rate_limited") | wrong).encode()) == 400


async def test_a_signed_check_of_the_certificate_is_answered(world: World) -> None:
    """Slack checks the certificate with a signed request; unsigned ones get 401."""
    assert await send(world, b"ssl_check=1&token=x", "application/x-www-form-urlencoded") == 200
    async with httpx.AsyncClient() as http:
        assert (await http.post(str(world.slack.request_url), data={"ssl_check": "1"})).status_code == 401


@pytest.mark.parametrize("name", ["event_app_uninstalled", "event_tokens_revoked"])
async def test_an_organizations_events_have_no_team(world: World, name: str) -> None:
    """Events about the installation are acknowledged and counted, with a team or, for an organization, without."""
    payload = load(name)
    without = {key: value for key, value in payload.items() if key != "team_id"}
    for sent in (payload, without, payload | {"team_id": None}):
        assert await send(world, json.dumps(sent).encode()) == 200
    assert await count_notices(world) == {payload["event"]["type"]: 3}
