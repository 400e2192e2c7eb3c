"""Slack's requests to an app have Slack's shapes and signatures."""

import json
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack.models import Channel, Message
from simulators.slack.person import Person
from simulators.slack.signing import sign
from simulators.slack.sim import SlackSim
from tests.sim.slack.cards import CARD, FORM, HOME, METADATA, OPTIONS, SELECT, words
from tests.sim.slack.recording_app import RecordingApp

FIXTURES = Path(__file__).parents[2] / "fixtures" / "slack"
OPEN_ENDED = {"value", "text", "event_payload", "values", "element", "elements", "style"}
pytestmark = pytest.mark.usefixtures("deploys")


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def find_shape(node: Any, name: str = "") -> Any:
    """Return the keys at every level, without values that differ from message to message."""
    if isinstance(node, dict) and name not in OPEN_ENDED:
        return {key: find_shape(value, key) for key, value in node.items() if key != "style"}
    if isinstance(node, list) and node and name not in OPEN_ENDED and name != "blocks":
        return [find_shape(node[0])]
    return None


async def post(client: AsyncWebClient, blocks: list[Any], slack: SlackSim, **more: Any) -> Message:
    answer = await client.chat_postMessage(
        channel="C0DEPLOYS", text="web-app #42 is blocked", blocks=blocks, metadata=METADATA, **more
    )
    found = slack.find_message("C0DEPLOYS", answer["ts"])
    assert found is not None
    return found


def test_the_worked_example_of_the_documentation_verifies() -> None:
    """A signature is HMAC-SHA256 over version, timestamp and raw body, as in the documented example."""
    example = fixture("signing_example")
    secret, at = example["signing_secret"], int(example["timestamp"])
    assert sign(secret, at, example["body"].encode()) == example["signature"]
    assert sign(secret, at, example["json_body"].encode()) == example["json_signature"]


async def test_requests_carry_slacks_headers(recorder: RecordingApp, alice: Person, deploys: Channel) -> None:
    """Each request has Slack's headers, and slack_sdk's verifier accepts its signature."""
    await alice.types(deploys, "/bk build web-app main")
    wanted = {name.lower() for name in fixture("http_headers")["first_delivery"]}
    assert wanted <= set(recorder.headers)
    verifier = SignatureVerifier("0123456789abcdef0123456789abcdef")
    signed, at = recorder.headers["x-slack-signature"], recorder.headers["x-slack-request-timestamp"]
    assert verifier.generate_signature(timestamp=at, body=recorder.requests[-1][1]) == signed


@pytest.mark.parametrize("kind", ["slash_command", "slash_command_dm", "slash_command_private_channel"])
async def test_slash_commands(
    kind: str, recorder: RecordingApp, slack: SlackSim, alice: Person, deploys: Channel
) -> None:
    """A slash command has the documented fields and names private conversations as Slack does."""
    private = slack.channel("C0PRIVATE", "secret", private=True, members=[alice])
    where = {"slash_command_dm": alice.dm, "slash_command_private_channel": private}.get(kind, deploys)
    await alice.types(where, "/bk build web-app main")
    expected = fixture(kind)
    assert set(recorder.last_payload) == set(expected)
    same = ("channel_name", "user_id", "user_name", "command", "text", "is_enterprise_install", "api_app_id")
    assert {key: recorder.last_payload[key] for key in same} == {key: expected[key] for key in same}


async def test_names_and_links_in_commands_are_escaped(
    recorder: RecordingApp, slack: SlackSim, alice: Person, bob: Person, deploys: Channel
) -> None:
    """With should_escape, people, channels and links arrive in angle brackets."""
    slack.channel("C0RELEASE", "release", members=[alice])
    await alice.types(deploys, f"/bk approve 42 for @{bob.name} in #release see https://example.com/pr/7")
    assert recorder.last_payload["text"] == fixture("slash_command_escaped")["text"]


async def test_clients_correct_punctuation(recorder: RecordingApp, alice: Person, deploys: Channel) -> None:
    """A Mac turns quotes curly and double hyphens into dashes."""
    await alice.types(deploys, '/bk build web-app --message "ship it" it\'s', smart=True)
    assert recorder.last_payload["text"] == "build web-app —message “ship it” it’s"


async def test_block_actions(
    recorder: RecordingApp, slack: SlackSim, alice: Person, client: AsyncWebClient
) -> None:
    """Clicks in a channel, in a thread and on a menu have the keys of Slack's."""
    card = await post(client, CARD, slack)
    await alice.clicks(card, "Unblock")
    assert find_shape(recorder.last_payload) == find_shape(fixture("block_actions_message"))
    await alice.clicks(await post(client, CARD, slack, thread_ts=card.ts), "Unblock")
    assert find_shape(recorder.last_payload) == find_shape(fixture("block_actions_thread"))
    await alice.picks(await post(client, [SELECT], slack), "pick_branch", "main")
    assert find_shape(recorder.last_payload) == find_shape(fixture("block_actions_message_select"))
    assert recorder.last_payload["actions"][0]["selected_option"]["value"] == "main"


async def test_block_actions_elsewhere(
    recorder: RecordingApp, slack: SlackSim, alice: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """Clicks on an ephemeral message don't include it; clicks on the home tab include the view."""
    await client.chat_postEphemeral(channel=deploys.id, user=alice.id, text="private", blocks=CARD)
    await alice.clicks(slack.ephemerals(alice)[-1], "Unblock")
    assert find_shape(recorder.last_payload) == find_shape(fixture("block_actions_ephemeral"))
    await client.views_publish(user_id=alice.id, view=HOME)
    home = slack.home_of(alice)
    assert home is not None
    await alice.clicks(home, "Refresh")
    assert find_shape(recorder.last_payload) == find_shape(fixture("block_actions_home"))


async def test_views_and_searches(
    recorder: RecordingApp, alice: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """Searching, submitting and closing a modal send what Slack sends."""
    await alice.types(deploys, "/bk")
    await client.views_open(trigger_id=recorder.last_payload["trigger_id"], view=FORM)
    recorder.answer = OPTIONS
    assert await alice.searches("Pipeline", "we") == ["web-app"]
    expected = fixture("block_suggestion")
    assert set(recorder.last_payload) == set(expected)
    assert set(recorder.last_payload["view"]) == set(expected["view"])
    recorder.answer = fixture("ack_bodies")["view_errors"]
    await alice.submits({"Pipeline": "web-app", "Branch": "main"})
    submitted = fixture("view_submission")
    assert find_shape(recorder.last_payload) == find_shape(submitted)
    assert recorder.last_payload["view"]["state"] == submitted["view"]["state"]
    await alice.closes()
    assert find_shape(recorder.last_payload) == find_shape(fixture("view_closed"))


async def test_shortcuts(recorder: RecordingApp, alice: Person, bob: Person, deploys: Channel) -> None:
    """Message shortcuts include the message; global ones have neither channel nor response URL."""
    message = (await bob.posts(deploys, "please deploy web-app")).message
    await alice.shortcut("build_from_message", message)
    assert find_shape(recorder.last_payload) == find_shape(fixture("message_action"))
    await alice.shortcut("new_build_shortcut")
    assert find_shape(recorder.last_payload) == find_shape(fixture("shortcut"))


async def test_mentions(
    recorder: RecordingApp, slack: SlackSim, alice: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """A mention arrives as app_mention, in a thread with thread_ts and parent_user_id."""
    await alice.posts(deploys, "<@U0BOT0001> status of web-app")
    assert find_shape(recorder.last_payload) == find_shape(fixture("event_app_mention"))
    assert (
        recorder.last_payload["event"]["blocks"][0]["elements"]
        == fixture("event_app_mention")["event"]["blocks"][0]["elements"]
    )
    card = await post(client, CARD, slack)
    await alice.posts(deploys, "@kitestring status of web-app", thread_ts=card)
    assert find_shape(recorder.last_payload) == find_shape(fixture("event_app_mention_thread"))


async def test_other_events(recorder: RecordingApp, slack: SlackSim, alice: Person, deploys: Channel) -> None:
    """Direct messages, links, joins, reactions and home visits arrive if subscribed."""
    slack.subscriptions |= {"link_shared", "member_joined_channel", "reaction_added"}
    slack.scopes.add("reactions:read")
    slack.unfurl_domains.add("buildkite.example")
    message = (await alice.posts(deploys, "https://buildkite.example/acme/web-app/builds/42")).message
    assert message is not None
    assert find_shape(recorder.last_payload) == find_shape(fixture("event_link_shared"))
    await alice.reacts(message, "repeat")
    assert find_shape(recorder.last_payload) == find_shape(fixture("event_reaction_added"))
    await alice.invites_bot(slack.channel("C0NEW", "new", members=[alice], bot_in=False))
    assert find_shape(recorder.last_payload) == find_shape(fixture("event_member_joined_channel"))
    await alice.opens_home()
    assert find_shape(recorder.last_payload) == find_shape(fixture("event_app_home_opened_first"))
    await alice.posts(alice.dm, "builds for web-app")
    direct = fixture("event_message_im")
    assert set(recorder.last_payload["event"]) - {"blocks"} == set(direct["event"])
    assert recorder.last_payload["event"]["channel_type"] == "im"


async def test_home_visits_bring_the_view(recorder: RecordingApp, alice: Person, client: AsyncWebClient) -> None:
    """Once a home tab is published, opening it includes the view."""
    await client.views_publish(user_id=alice.id, view=HOME)
    await alice.opens_home()
    assert find_shape(recorder.last_payload) == find_shape(fixture("event_app_home_opened"))


async def test_events_are_delivered_again(
    recorder: RecordingApp, slack: SlackSim, alice: Person, deploys: Channel
) -> None:
    """A redelivered event has the same event_id, with its attempt and reason."""
    recorder.status = 500
    ack = await alice.posts(deploys, "<@U0BOT0001> hi")
    assert ack.problem == "dispatch_failed"
    first = recorder.last_payload["event_id"]
    recorder.status = 200
    again = await slack.redeliver(ack.event, "http_error")
    assert again.ok
    assert (recorder.last_payload["event_id"], recorder.headers["x-slack-retry-num"]) == (first, "1")
    assert recorder.headers["x-slack-retry-reason"] == "http_error"
    assert slack.undelivered == []


async def test_a_request_can_be_replayed(
    recorder: RecordingApp, slack: SlackSim, alice: Person, deploys: Channel
) -> None:
    """A replay has the same bytes and signature."""
    await alice.types(deploys, "/bk whoami")
    await slack.replay()
    assert len(recorder.requests) == 2
    assert recorder.requests[0][1] == recorder.requests[1][1]
    assert recorder.requests[0][0]["x-slack-signature"] == recorder.requests[1][0]["x-slack-signature"]


@pytest.mark.usefixtures("deploys")
async def test_searches_in_messages(
    recorder: RecordingApp, slack: SlackSim, alice: Person, client: AsyncWebClient
) -> None:
    """Typing into an external menu of a message sends the message along."""
    card = await post(client, [{"type": "actions", "elements": [FORM["blocks"][0]["element"]]}], slack)
    recorder.answer = OPTIONS
    assert await alice.searches("pipeline_select", "we", where=card) == ["web-app"]
    assert find_shape(recorder.last_payload) == find_shape(fixture("block_suggestion_message"))


async def test_a_form_can_ask_where_to_answer(
    recorder: RecordingApp, alice: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """A conversation menu with response_url_enabled gives a response URL for the chosen conversation."""
    menu = {"type": "conversations_select", "action_id": "post_to_select", "response_url_enabled": True}
    place = {"type": "input", "block_id": "post_to", "label": words("Where"), "element": menu}
    await alice.types(deploys, "/bk")
    await client.views_open(trigger_id=recorder.last_payload["trigger_id"], view=FORM | {"blocks": [place]})
    await alice.submits({"Where": deploys})
    expected = fixture("view_submission_with_response_url")
    assert find_shape(recorder.last_payload)["response_urls"] == find_shape(expected)["response_urls"]
    assert recorder.last_payload["response_urls"][0]["channel_id"] == deploys.id
