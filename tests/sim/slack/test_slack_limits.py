"""Limits in time and number: rate limits, triggers, response URLs; and faults."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack.models import Channel
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from tests.sim.slack.cards import CARD, FORM
from tests.sim.slack.recording_app import ManualTime, RecordingApp


async def find_error(call: Any) -> str:
    """Return the error of a refused call."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_a_method_has_so_many_calls_a_minute(
    slack: SlackSim, time: ManualTime, deploys: Channel, client: AsyncWebClient
) -> None:
    """One call too many gets 429 with Retry-After; later it works again, and other methods always do."""
    slack.limits.per_minute["chat.update"] = 2
    ts = (await client.chat_postMessage(channel=deploys.id, text="0"))["ts"]
    for text in "12":
        await client.chat_update(channel=deploys.id, ts=ts, text=text)
    with pytest.raises(SlackApiError) as caught:
        await client.chat_update(channel=deploys.id, ts=ts, text="3")
    assert caught.value.response.status_code == 429
    assert caught.value.response.data == {"ok": False, "error": "ratelimited"}
    wait = int(caught.value.response.headers["Retry-After"])
    assert (await client.auth_test())["ok"]
    time.advance(wait)
    assert (await client.chat_update(channel=deploys.id, ts=ts, text="3"))["ok"]


async def test_a_channel_takes_one_post_a_second(
    slack: SlackSim, time: ManualTime, alice: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """Posts beyond the burst wait a second; another channel is free; limits can be turned off."""
    slack.limits.channel_burst = 2
    for text in "12":
        await client.chat_postMessage(channel=deploys.id, text=text)
    assert await find_error(client.chat_postMessage(channel=deploys.id, text="3")) == "ratelimited"
    assert (await client.chat_postMessage(channel=alice.id, text="3"))["ok"]
    time.advance(1)
    assert (await client.chat_postMessage(channel=deploys.id, text="3"))["ok"]
    slack.limits_on = False
    assert (await client.chat_postMessage(channel=deploys.id, text="4"))["ok"]


async def test_a_trigger_opens_one_view_within_three_seconds(
    time: ManualTime, recorder: RecordingApp, alice: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """A trigger_id works once, for three seconds, and must be Slack's."""
    await alice.types(deploys, "/bk")
    trigger = recorder.last_payload["trigger_id"]
    assert (await client.views_open(trigger_id=trigger, view=FORM))["ok"]
    assert await find_error(client.views_open(trigger_id=trigger, view=FORM)) == "exchanged_trigger_id"
    await alice.types(deploys, "/bk")
    time.advance(3.5)
    late = client.views_open(trigger_id=recorder.last_payload["trigger_id"], view=FORM)
    assert await find_error(late) == "expired_trigger_id"
    assert await find_error(client.views_open(trigger_id="1.2.3", view=FORM)) == "invalid_trigger_id"


async def test_a_response_url_takes_five_posts(
    slack: SlackSim, recorder: RecordingApp, alice: Person, deploys: Channel, session: aiohttp.ClientSession
) -> None:
    """Five posts reach the person; the sixth gets 404."""
    await alice.types(deploys, "/bk")
    url = recorder.last_payload["response_url"]
    assert url.startswith(slack.base_url)
    found = []
    for number in range(6):
        async with session.post(url, json={"text": str(number)}) as answer:
            found.append(answer.status)
    assert found == [200] * 5 + [404]
    assert [m.text for m in slack.ephemerals(alice)] == list("01234")


async def test_a_response_url_lives_thirty_minutes(
    time: ManualTime, recorder: RecordingApp, alice: Person, deploys: Channel, session: aiohttp.ClientSession
) -> None:
    """After half an hour a response URL no longer works."""
    await alice.types(deploys, "/bk")
    time.advance(1801)
    async with session.post(recorder.last_payload["response_url"], json={"text": "late"}) as answer:
        assert (answer.status, (await answer.json())["error"]) == (404, "expired_url")


async def test_a_response_url_replaces_and_deletes(
    slack: SlackSim,
    recorder: RecordingApp,
    alice: Person,
    deploys: Channel,
    client: AsyncWebClient,
    session: aiohttp.ClientSession,
) -> None:
    """A click's response URL can replace or delete its message, or post in the channel or thread."""
    await client.chat_postEphemeral(channel=deploys.id, user=alice.id, text="Sure?", blocks=CARD)
    (private,) = slack.ephemerals(alice)
    await alice.clicks(private, "Cancel")

    async def respond(**body: Any) -> None:
        async with session.post(recorder.last_payload["response_url"], json=body) as answer:
            assert answer.status == 200

    await respond(text="Cancelled", replace_original=True)
    assert (private.plain(), private.edits[0].text) == ("Cancelled", "Sure?")
    await respond(text="All know", response_type="in_channel")
    root = slack.messages(deploys)[-1]
    await respond(text="In thread", response_type="in_channel", thread_ts=root.ts, replace_original=False)
    assert slack.thread(deploys, root)[-1].text == "In thread"
    await respond(delete_original=True)
    assert slack.ephemerals(alice) == []


async def test_answers_that_fail(slack: SlackSim, deploys: Channel, client: AsyncWebClient) -> None:
    """429, 5xx, a proxy's page and a named error can be requested, each for a number of calls."""
    slack.faults.rate_limit("chat.postMessage", retry_after=7)
    slack.faults.fail("chat.postMessage", status=503)
    slack.faults.garble("chat.postMessage")
    slack.faults.error("chat.postMessage", "fatal_error")
    found = []
    for text in "1234":
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel=deploys.id, text=text)
        found.append((caught.value.response.status_code, caught.value.response.get("error")))
    assert found == [(429, "ratelimited"), (503, None), (502, None), (200, "fatal_error")]
    assert (await client.chat_postMessage(channel=deploys.id, text="5"))["ok"]
    assert [m.text for m in slack.messages(deploys)] == ["5"]


async def test_connections_that_break(slack: SlackSim, deploys: Channel, client: AsyncWebClient) -> None:
    """A reset leaves nothing behind; a lost answer leaves the message."""
    slack.faults.reset("chat.postMessage")
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(channel=deploys.id, text="never")
    slack.faults.lose_answer("chat.postMessage")
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(channel=deploys.id, text="posted")
    assert [m.text for m in slack.messages(deploys)] == ["posted"]


async def test_calls_that_hang(slack: SlackSim, deploys: Channel, client: AsyncWebClient) -> None:
    """A hanging call continues once it is released."""
    release = slack.faults.hang("chat.postMessage")
    posting = asyncio.create_task(client.chat_postMessage(channel=deploys.id, text="slow"))
    await client.auth_test()
    assert slack.messages(deploys) == []
    release.set()
    assert (await posting)["ok"]


async def test_slack_can_be_down(slack: SlackSim, client: AsyncWebClient) -> None:
    """While Slack is down every call gets 503 and is still recorded."""
    slack.down = True
    with pytest.raises(SlackApiError) as caught:
        await client.auth_test()
    assert caught.value.response.status_code == 503
    assert [(call.method, call.status) for call in slack.calls] == [("auth.test", 503)]


async def test_three_seconds_to_acknowledge(
    slack: SlackSim, time: ManualTime, recorder: RecordingApp, alice: Person, deploys: Channel
) -> None:
    """An answer after three seconds is an operation_timeout, which the person sees."""

    async def dawdle() -> None:
        time.advance(3.1)

    recorder.then = dawdle
    ack = await alice.types(deploys, "/bk build")
    assert (ack.problem, ack.status) == ("operation_timeout", 200)
    assert slack.ephemerals(alice)[-1].text == '/bk failed with the error "operation_timeout"'


async def test_no_answer_at_all(slack: SlackSim, recorder: RecordingApp, alice: Person, deploys: Channel) -> None:
    """An app that never answers is given up on in real time."""
    slack.patience = 0.05
    never = asyncio.Event()

    async def wait() -> None:
        await never.wait()

    recorder.then = wait
    assert (await alice.types(deploys, "/bk build")).problem == "operation_timeout"
    never.set()


async def test_a_failed_wait_shows_the_transcript(
    slack: SlackSim, deploys: Channel, client: AsyncWebClient
) -> None:
    """A wait that fails shows Slack's transcript."""
    await client.chat_postMessage(channel=deploys.id, text="all quiet")
    with pytest.raises(AssertionError, match="kitestring: all quiet"):
        await slack.until(lambda: False, timeout=0.01)
