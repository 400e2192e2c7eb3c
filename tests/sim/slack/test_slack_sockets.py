"""Socket Mode: one-use addresses, documented frames, redelivery of unacknowledged events."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack.models import Channel
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from tests.sim.slack.cards import CARD, FORM, METADATA, text_input

FIXTURES = Path(__file__).parents[2] / "fixtures" / "slack"


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


async def address(slack: SlackSim, session: aiohttp.ClientSession) -> str:
    client = AsyncWebClient("xapp-sim", base_url=f"{slack.base_url}/api/", session=session)
    answer = await client.apps_connections_open(app_token="xapp-sim")
    return str(answer["url"])


async def test_frames_have_the_documented_keys(
    slack: SlackSim, alice: Person, deploys: Channel, session: aiohttp.ClientSession
) -> None:
    """hello, command, event and disconnect frames have the keys of Slack's."""
    async with session.ws_connect(await address(slack, session)) as socket:
        assert set(await socket.receive_json()) == set(fixture("socket_hello"))
        typing = asyncio.create_task(alice.types(deploys, "/bk whoami"))
        command = await socket.receive_json()
        assert set(command) == set(fixture("socket_slash_commands"))
        assert set(command["payload"]) == set(fixture("socket_slash_commands")["payload"])
        answer = fixture("socket_acks")["slash_with_text"] | {"envelope_id": command["envelope_id"]}
        await socket.send_json(answer)
        assert (await typing).ok
        assert slack.ephemerals(alice)[-1].text == "On it"
        await slack.refresh_sockets()
        assert set(await socket.receive_json()) == set(fixture("socket_disconnect_refresh_requested"))


async def test_interactions_have_the_documented_keys(
    slack: SlackSim, alice: Person, deploys: Channel, session: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    """Clicks and submissions arrive as interactive frames; only a submission may be answered in the ack."""
    await client.chat_postMessage(channel=deploys.id, text="card", blocks=CARD, metadata=METADATA)
    async with session.ws_connect(await address(slack, session)) as socket:
        await socket.receive_json()
        acting = asyncio.create_task(alice.clicks(slack.messages(deploys)[-1], "Unblock"))
        click = await socket.receive_json()
        await socket.send_json({"envelope_id": click["envelope_id"]})
        assert (await acting).ok
        view = FORM | {"blocks": [text_input("branch", "Branch")]}
        await client.views_open(trigger_id=click["payload"]["trigger_id"], view=view)
        acting = asyncio.create_task(alice.submits({"Branch": "main"}))
        submission = await socket.receive_json()
        await socket.send_json({"envelope_id": submission["envelope_id"]})
        assert (await acting).ok
    for frame, name in ((click, "socket_interactive"), (submission, "socket_interactive_view_submission")):
        expected = fixture(name)
        assert set(frame) == set(expected)
        assert set(frame["payload"]) == set(expected["payload"])
        assert frame["accepts_response_payload"] is expected["accepts_response_payload"]


async def test_events_without_acknowledgement_come_again(
    slack: SlackSim, alice: Person, deploys: Channel, session: aiohttp.ClientSession
) -> None:
    """An event whose connection closed is delivered over the next one, as a retry."""
    async with session.ws_connect(await address(slack, session)) as socket:
        await socket.receive_json()
        saying = asyncio.create_task(alice.posts(deploys, "<@U0BOT0001> hi"))
        first = await socket.receive_json()
        assert set(first) == set(fixture("socket_events_api"))
    assert (await saying).problem == "dispatch_failed"
    async with session.ws_connect(await address(slack, session)) as socket:
        await socket.receive_json()
        again = await socket.receive_json()
        assert again["payload"]["event_id"] == first["payload"]["event_id"]
        retry = fixture("socket_events_api_retry")
        assert (again["retry_attempt"], again["retry_reason"]) == (retry["retry_attempt"], retry["retry_reason"])
        await socket.send_json({"envelope_id": again["envelope_id"]})
        await slack.until(lambda: not slack.undelivered)


async def test_an_address_works_once(slack: SlackSim, session: aiohttp.ClientSession) -> None:
    """A websocket address can't be used a second time."""
    url = await address(slack, session)
    async with session.ws_connect(url):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_without_a_connection_commands_fail(slack: SlackSim, alice: Person, deploys: Channel) -> None:
    """Without a connection a command fails at once and the person is notified."""
    ack = await alice.types(deploys, "/bk whoami")
    assert ack.problem == "dispatch_failed"
    assert "dispatch_failed" in slack.ephemerals(alice)[-1].text
