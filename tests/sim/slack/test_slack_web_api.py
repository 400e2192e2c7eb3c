"""slack_sdk's own client works against the simulated Web API, which refuses what Slack refuses."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack.models import Channel
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from tests.sim.slack.cards import CARD, FORM, METADATA, words
from tests.sim.slack.recording_app import ManualTime, RecordingApp

REPLIES = json.loads(
    (Path(__file__).parents[2] / "fixtures" / "slack" / "web_api_responses.json").read_text(encoding="utf-8")
)


async def refusal(client: AsyncWebClient, method: str, **args: Any) -> Any:
    """Return the body of an `ok: false` answer."""
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=args)
    return caught.value.response.data


async def test_the_token_is_known(slack: SlackSim, client: AsyncWebClient) -> None:
    """auth.test returns who the bot is, and every reply its scopes."""
    answer = await client.auth_test()
    assert set(answer.data) == set(REPLIES["auth.test_ok"]["body"])
    assert set(answer.headers["x-oauth-scopes"].split(",")) == slack.scopes


@pytest.mark.parametrize(
    ("token", "error"),
    [("xoxb-other", "invalid_auth"), ("xapp-sim", "not_allowed_token_type"), ("", "not_authed")],
)
async def test_wrong_tokens(slack: SlackSim, session: aiohttp.ClientSession, token: str, error: str) -> None:
    """A call without the right token is refused with the right error."""
    client = AsyncWebClient(token, base_url=f"{slack.base_url}/api/", session=session)
    assert (await refusal(client, "auth.test"))["error"] == error


async def test_a_revoked_token(slack: SlackSim, client: AsyncWebClient) -> None:
    """After the app is removed its token is revoked."""
    slack.revoked = True
    assert (await refusal(client, "auth.test"))["error"] == "token_revoked"


async def test_posting(slack: SlackSim, deploys: Channel, client: AsyncWebClient) -> None:
    """A post is answered as in Slack, and the channel shows it as people read it."""
    answer = await client.chat_postMessage(channel=deploys.id, text="web", blocks=CARD, metadata=METADATA)
    expected = REPLIES["chat.postMessage_ok"]["body"]
    assert set(answer.data) == set(expected)
    assert set(answer["message"]) == set(expected["message"])
    (message,) = slack.messages(deploys)
    assert message.plain() == "*web-app* #42 is blocked\n[Unblock] [Cancel]"
    assert message.metadata == METADATA


async def test_threads(slack: SlackSim, deploys: Channel, client: AsyncWebClient) -> None:
    """A reply is in the thread, and in the channel only if broadcast."""
    root = await client.chat_postMessage(channel=deploys.id, text="root")
    for text, loud in (("quiet", False), ("loud", True)):
        await client.chat_postMessage(channel=deploys.id, text=text, thread_ts=root["ts"], reply_broadcast=loud)
    assert [m.text for m in slack.thread("#deploys", root["ts"])] == ["root", "quiet", "loud"]
    assert [m.text for m in slack.messages(deploys)] == ["root", "loud"]
    reply = slack.thread(deploys, root["ts"])[1]
    under_reply = await refusal(client, "chat.postMessage", channel=deploys.id, text="x", thread_ts=reply.ts)
    assert under_reply["error"] == "cannot_reply_to_message"
    nowhere = await refusal(client, "chat.postMessage", channel=deploys.id, text="x", thread_ts="1.000001")
    assert nowhere["error"] == "thread_not_found"


async def test_where_the_bot_cannot_post(slack: SlackSim, client: AsyncWebClient) -> None:
    """Public channels without the bot, private ones without it, and archived ones have different errors."""
    slack.channel("C1", "public", bot_in=False)
    slack.channel("C2", "private", private=True, bot_in=False)
    slack.channel("C3", "old", archived=True)
    found = [
        (await refusal(client, "chat.postMessage", channel=c, text="x"))["error"] for c in ("C1", "C2", "C3", "C4")
    ]
    assert found == ["not_in_channel", "channel_not_found", "is_archived", "channel_not_found"]
    slack.scopes.add("chat:write.public")
    assert (await client.chat_postMessage(channel="C1", text="x"))["ok"]


async def test_a_user_id_opens_the_direct_conversation(alice: Person, client: AsyncWebClient) -> None:
    """Posting to a person uses the same conversation as conversations.open."""
    posted = await client.chat_postMessage(channel=alice.id, text="psst")
    opened = await client.conversations_open(users=[alice.id])
    assert posted["channel"] == opened["channel"]["id"] == alice.dm.id


async def test_scopes_are_needed(slack: SlackSim, deploys: Channel, client: AsyncWebClient) -> None:
    """Without the scope a call names the needed and the provided scopes."""
    slack.scopes = {"commands"}
    answer = await refusal(client, "chat.postMessage", channel=deploys.id, text="x")
    assert answer == REPLIES["chat.postMessage_missing_scope"]["body"]


async def test_messages_without_words(deploys: Channel, client: AsyncWebClient) -> None:
    """Neither text nor blocks is no_text; too long a text is truncated with a warning."""
    assert (await refusal(client, "chat.postMessage", channel=deploys.id))["error"] == "no_text"
    answer = await client.chat_postMessage(channel=deploys.id, text="x" * 40_001)
    assert answer["response_metadata"] == REPLIES["chat.postMessage_truncated"]["body"]["response_metadata"]
    assert len(answer["message"]["text"]) == 40_000


async def test_bad_blocks_are_named(deploys: Channel, client: AsyncWebClient) -> None:
    """Problems of blocks are in response_metadata, each with a pointer."""
    long = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
    answer = await refusal(client, "chat.postMessage", channel=deploys.id, text="x", blocks=long)
    expected = REPLIES["chat.postMessage_invalid_blocks"]["body"]
    assert set(answer) == set(expected)
    assert expected["response_metadata"]["messages"][1] in answer["response_metadata"]["messages"]


async def test_updating(slack: SlackSim, deploys: Channel, client: AsyncWebClient) -> None:
    """Text alone removes blocks, metadata stays until {} clears it, and each version is kept."""
    posted = await client.chat_postMessage(channel=deploys.id, text="1", blocks=CARD, metadata=METADATA)
    answer = await client.chat_update(channel=deploys.id, ts=posted["ts"], text="2")
    assert set(answer.data) == set(REPLIES["chat.update_ok"]["body"])
    (message,) = slack.messages(deploys)
    assert (message.text, message.blocks, message.metadata) == ("2", None, METADATA)
    await client.chat_update(channel=deploys.id, ts=posted["ts"], text="3", blocks=CARD, metadata={})
    assert (message.text, message.metadata) == ("3", None)
    assert [version.text for version in message.edits] == ["1", "2"]
    await client.chat_update(channel=deploys.id, ts=posted["ts"], text="4", blocks=[])
    assert message.plain() == "4"


async def test_updates_that_are_refused(
    slack: SlackSim, time: ManualTime, alice: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """Other people's, ephemeral, missing, too long and too old messages can't be updated."""
    own = (await client.chat_postMessage(channel=deploys.id, text="own"))["ts"]
    private = (await client.chat_postEphemeral(channel=deploys.id, user=alice.id, text="hush"))["message_ts"]
    slack.subscriptions.clear()
    theirs = (await alice.posts(deploys, "mine")).ts

    async def error(ts: str, text: str = "x") -> Any:
        return (await refusal(client, "chat.update", channel=deploys.id, ts=ts, text=text))["error"]

    assert await error(private) == "cant_update_message"
    assert await error(theirs) == "cant_update_message"
    assert await error("1.000001") == "message_not_found"
    assert await error(own, "x" * 4001) == "msg_too_long"
    slack.edit_window = 60
    time.advance(61)
    assert await error(own) == "edit_window_closed"


async def test_deleting(slack: SlackSim, deploys: Channel, client: AsyncWebClient) -> None:
    """A deleted message disappears for everyone."""
    posted = await client.chat_postMessage(channel=deploys.id, text="oops")
    await client.chat_delete(channel=deploys.id, ts=posted["ts"])
    assert slack.messages(deploys) == []
    missing = await refusal(client, "chat.update", channel=deploys.id, ts=posted["ts"], text="x")
    assert missing["error"] == "message_not_found"


async def test_private_answers(
    slack: SlackSim, alice: Person, bob: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """Only the person sees an ephemeral message, and only members can get one."""
    await client.chat_postEphemeral(channel=deploys.id, user=alice.id, text="hush")
    assert [m.text for m in slack.ephemerals(alice)] == ["hush"]
    assert slack.ephemerals(bob) == []
    slack.person("U0EVE", "eve")
    answer = await refusal(client, "chat.postEphemeral", channel=deploys.id, user="U0EVE", text="x")
    assert answer["error"] == "user_not_in_channel"


async def test_reading_back(deploys: Channel, client: AsyncWebClient) -> None:
    """History is paged newest first, threads oldest first, metadata only on request and with the scope."""
    sent = [(await client.chat_postMessage(channel=deploys.id, text=str(n)))["ts"] for n in range(3)]
    await client.chat_postMessage(channel=deploys.id, text="reply", thread_ts=sent[0], metadata=METADATA)
    seen: list[str] = []
    async for page in await client.conversations_history(channel=deploys.id, limit=2):
        seen += [message["text"] for message in page["messages"]]
    assert seen == ["2", "1", "0"]
    newer = await client.conversations_history(channel=deploys.id, oldest=sent[1], inclusive=False)
    assert [message["text"] for message in newer["messages"]] == ["2"]
    plain = await client.conversations_replies(channel=deploys.id, ts=sent[0])
    assert [message["text"] for message in plain["messages"]] == ["0", "reply"]
    assert "metadata" not in plain["messages"][1]
    full = await client.conversations_replies(channel=deploys.id, ts=sent[0], include_all_metadata=True)
    assert full["messages"][1]["metadata"] == METADATA


async def test_people(slack: SlackSim, alice: Person, client: AsyncWebClient) -> None:
    """Members, guests and strangers have the keys of users.info."""
    slack.person("U0GUEST03", "guest", guest="ultra")
    slack.person("U0STRANGE", "stranger", stranger=True, team="T0PARTNER")
    member = (await client.users_info(user=alice.id))["user"]
    assert set(member) == set(REPLIES["users.info_ok"]["body"]["user"])
    assert set(member["profile"]) == set(REPLIES["users.info_ok"]["body"]["user"]["profile"])
    assert (await client.users_info(user="U0GUEST03"))["user"]["is_ultra_restricted"] is True
    stranger = (await client.users_info(user="U0STRANGE"))["user"]
    assert (stranger["is_stranger"], stranger["team_id"]) == (True, "T0PARTNER")
    assert "email" not in stranger["profile"]
    assert (await client.users_lookupByEmail(email="alice@example.com"))["user"]["id"] == alice.id
    assert (await refusal(client, "users.info", user="U0NOBODY"))["error"] == "user_not_found"
    unknown = await refusal(client, "users.lookupByEmail", email="no@example.com")
    assert unknown["error"] == "users_not_found"


async def test_groups_and_places(slack: SlackSim, alice: Person, deploys: Channel, client: AsyncWebClient) -> None:
    """User groups, channels, the bot and the team can be looked up."""
    slack.group("S0SRE", "sre", [alice])
    assert (await client.usergroups_users_list(usergroup="S0SRE"))["users"] == [alice.id]
    assert (await client.usergroups_list())["usergroups"][0]["handle"] == "sre"
    unknown = await refusal(client, "usergroups.users.list", usergroup="S0NONE")
    assert unknown["error"] == "no_such_subteam"
    assert [c["name"] for c in (await client.conversations_list())["channels"]] == ["deploys"]
    assert (await client.conversations_info(channel=deploys.id))["channel"]["is_member"] is True
    assert alice.id in (await client.conversations_members(channel=deploys.id))["members"]
    assert (await client.bots_info(bot="B0BOT0001"))["bot"]["user_id"] == "U0BOT0001"
    slack.scopes |= {"team:read", "channels:join"}
    assert (await client.team_info())["team"]["id"] == "T0BUILD01"
    slack.channel("C0NEW", "new", bot_in=False)
    assert (await client.conversations_join(channel="C0NEW"))["channel"]["is_member"] is True


async def test_files(slack: SlackSim, deploys: Channel, client: AsyncWebClient) -> None:
    """slack_sdk's three-step upload puts a file into a thread."""
    root = await client.chat_postMessage(channel=deploys.id, text="root")
    await client.files_upload_v2(
        channel=deploys.id, thread_ts=root["ts"], content="line 1\n", filename="job.log", title="Log"
    )
    assert slack.thread(deploys, root["ts"])[-1].plain() == "(file: Log)"
    (file,) = slack.snapshot("U0ALICE01")["files"]
    assert file["text"] == "line 1\n"


async def test_reactions_and_links(slack: SlackSim, deploys: Channel, client: AsyncWebClient) -> None:
    """Reactions are once a person, and a message has an address."""
    ts = (await client.chat_postMessage(channel=deploys.id, text="hi"))["ts"]
    await client.reactions_add(channel=deploys.id, timestamp=ts, name="eyes")
    again = await refusal(client, "reactions.add", channel=deploys.id, timestamp=ts, name="eyes")
    assert again["error"] == "already_reacted"
    await client.reactions_remove(channel=deploys.id, timestamp=ts, name="eyes")
    assert slack.messages(deploys)[0].reactions == {}
    link = (await client.chat_getPermalink(channel=deploys.id, message_ts=ts))["permalink"]
    assert link == f"{slack.base_url}/archives/{deploys.id}/p{ts.replace('.', '')}"


async def test_arguments_travel_three_ways(
    slack: SlackSim, deploys: Channel, session: aiohttp.ClientSession
) -> None:
    """A call can be sent as query, form or JSON."""
    url = f"{slack.base_url}/api/chat.postMessage"
    headers = {"Authorization": "Bearer xoxb-sim"}
    args = {"channel": deploys.id, "blocks": json.dumps(CARD)}
    for way in ({"params": args}, {"data": args}, {"json": args | {"blocks": CARD}}):
        async with session.post(url, headers=headers, **way) as answer:
            assert (await answer.json())["ok"] is True
    assert [call.ok for call in slack.calls] == [True] * 3
    assert len({message.ts for message in slack.messages(deploys)}) == 3
    async with session.post(f"{slack.base_url}/api/no.such", headers=headers) as answer:
        assert (await answer.json())["error"] == "unknown_method"


async def test_views_are_answered_as_slack_answers(
    recorder: RecordingApp, alice: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """views.open returns the view as Slack stores it, and reports what it refuses."""
    await alice.types(deploys, "/bk")
    long = FORM | {"title": words("x" * 25)}
    trigger = recorder.last_payload["trigger_id"]
    refused = await refusal(client, "views.open", trigger_id=trigger, view=long)
    messages = REPLIES["views.open_invalid_arguments"]["body"]["response_metadata"]["messages"]
    assert (refused["error"], refused["response_metadata"]["messages"]) == ("invalid_arguments", messages)
    await alice.types(deploys, "/bk")
    opened = (await client.views_open(trigger_id=recorder.last_payload["trigger_id"], view=FORM))["view"]
    expected = REPLIES["views.open_ok"]["body"]["view"]
    assert set(opened) == set(expected)
    assert [set(block) for block in opened["blocks"]] == [set(block) for block in expected["blocks"]]


async def test_layouts_can_be_checked(client: AsyncWebClient) -> None:
    """blocks.validate reports what is missing and where, without a token."""
    answer = await refusal(client, "blocks.validate", blocks=[{"text": "no type"}])
    assert answer == REPLIES["blocks.validate_failed"]["body"]
    assert (await client.api_call("blocks.validate", json={"blocks": CARD}))["ok"]


async def test_links_get_previews(
    slack: SlackSim, recorder: RecordingApp, alice: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """chat.unfurl adds a preview to a link of the message, and to no other."""
    slack.subscriptions.add("link_shared")
    slack.unfurl_domains.add("buildkite.example")
    message = await alice.posts(deploys, "see https://buildkite.example/acme/web/builds/1")
    link = recorder.last_payload["event"]["links"][0]["url"]
    await client.chat_unfurl(channel=deploys.id, ts=message.ts, unfurls={link: {"blocks": CARD}})
    assert list(slack.messages(deploys)[-1].unfurls) == [link]
    other = {"https://other.example": {"blocks": CARD}}
    answer = await refusal(client, "chat.unfurl", channel=deploys.id, ts=message.ts, unfurls=other)
    assert answer["error"] == "cannot_unfurl_url"
