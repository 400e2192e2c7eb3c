"""People in the simulated Slack can do what people in Slack can, and no more."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Mount

from simulators.http_server import Serving
from simulators.slack.errors import NoSuchControl, NotPossible
from simulators.slack.models import Channel, Message
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from simulators.slack.views import View
from tests.sim.slack.cards import CARD, FORM, HOME, OPTIONS, SELECT, button, text_input, words
from tests.sim.slack.recording_app import RecordingApp

pytestmark = pytest.mark.usefixtures("deploys")


async def post(slack: SlackSim, client: AsyncWebClient, blocks: list[Any]) -> Message:
    ts = (await client.chat_postMessage(channel="C0DEPLOYS", text="card", blocks=blocks))["ts"]
    found = slack.find_message("C0DEPLOYS", ts)
    assert found is not None
    return found


async def opened(slack: SlackSim, recorder: RecordingApp, who: Person, client: AsyncWebClient, view: Any) -> View:
    await who.types("C0DEPLOYS", "/bk")
    await client.views_open(trigger_id=recorder.last_payload["trigger_id"], view=view)
    found = slack.modal_of(who)
    assert found is not None
    return found


async def test_only_visible_controls_can_be_used(
    slack: SlackSim, recorder: RecordingApp, alice: Person, client: AsyncWebClient
) -> None:
    """A button that isn't there can't be pressed; the error shows what is."""
    card = await post(slack, client, CARD)
    with pytest.raises(NoSuchControl, match=r"\[Unblock\] \[Cancel\]"):
        await alice.clicks(card, "Retry")
    assert (await alice.clicks(card.ts, action_id="cancel")).ok
    assert recorder.last_payload["actions"][0]["value"] == "row-1"


async def test_two_buttons_with_the_same_label_need_their_value(
    slack: SlackSim, recorder: RecordingApp, alice: Person, client: AsyncWebClient
) -> None:
    """Buttons with the same label need their value or action_id."""
    rows = [{"type": "actions", "elements": [button("View", f"view_{n}", value=f"row-{n}")]} for n in (1, 2)]
    card = await post(slack, client, rows)
    with pytest.raises(NoSuchControl, match="2 controls"):
        await alice.clicks(card, "View")
    await alice.clicks(card, "View", value="row-2")
    assert recorder.last_payload["actions"][0]["action_id"] == "view_2"


async def test_confirmation_dialogs(
    slack: SlackSim, recorder: RecordingApp, alice: Person, client: AsyncWebClient
) -> None:
    """A button with a confirm asks first, and declining sends nothing."""
    dialog = {"title": words("Sure?"), "text": words("Stop it?"), "confirm": words("Yes"), "deny": words("No")}
    card = await post(slack, client, [{"type": "actions", "elements": [button("Stop", "stop", confirm=dialog)]}])
    assert (await alice.clicks(card, "Stop", confirm=False)).problem == "declined"
    assert recorder.requests == []
    assert (await alice.clicks(card, "Stop")).ok
    assert [asked["answer"] for asked in slack.confirmations] == [False, True]


async def test_double_clicks_are_two_clicks(
    slack: SlackSim, recorder: RecordingApp, alice: Person, client: AsyncWebClient
) -> None:
    """Each press has its own action_ts and trigger."""
    both = await alice.clicks_twice(await post(slack, client, CARD), "Cancel")
    assert [ack.ok for ack in both] == [True, True]
    assert len(recorder.requests) == 2
    assert recorder.requests[0][1] != recorder.requests[1][1]


async def test_ephemeral_messages_stay_private(
    slack: SlackSim, alice: Person, bob: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """No one else sees or presses the buttons of an ephemeral message, or enters a private channel."""
    await client.chat_postEphemeral(channel=deploys.id, user=alice.id, text="Sure?", blocks=CARD)
    with pytest.raises(NotPossible):
        await bob.clicks(slack.ephemerals(alice)[-1], "Cancel")
    slack.channel("C0SECRET", "secret", private=True, members=[alice])
    with pytest.raises(NotPossible):
        await bob.types("#secret", "/bk whoami")
    shown = slack.snapshot(bob)
    assert [channel["id"] for channel in shown["channels"]] == [deploys.id]
    assert shown["channels"][0]["messages"] == []
    assert slack.snapshot(alice)["channels"][0]["messages"][0]["ephemeral"] is True


async def test_commands_do_not_work_in_threads(
    slack: SlackSim, recorder: RecordingApp, alice: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """Slack refuses slash commands in threads, and unregistered commands."""
    card = await post(slack, client, CARD)
    assert (await alice.types(deploys, "/bk cancel", thread_ts=card.ts)).problem == "not_supported_in_threads"
    assert (await alice.types(deploys, "/deploy")).problem == "unknown_command"
    assert recorder.requests == []
    assert [m.text for m in slack.ephemerals(alice)] == [
        "/bk is not supported in threads. Sorry!",
        "/deploy is not a valid command.",
    ]


async def test_answers_in_the_acknowledgement(
    slack: SlackSim, recorder: RecordingApp, alice: Person, deploys: Channel
) -> None:
    """The body of an acknowledgement is ephemeral, unless it says in_channel: then the command is shown too."""
    recorder.answer = {"text": "only you"}
    await alice.types(deploys, "/bk whoami")
    assert (slack.ephemerals(alice)[-1].text, slack.messages(deploys)) == ("only you", [])
    recorder.answer = {"response_type": "in_channel", "text": "all of you"}
    await alice.types(deploys, "/bk build")
    assert [m.text for m in slack.messages(deploys)] == ["/bk build", "all of you"]


async def test_mentions_need_the_bot_in_the_channel(
    slack: SlackSim, recorder: RecordingApp, alice: Person
) -> None:
    """The bot receives mentions only where it is a member; /invite adds it."""
    away = slack.channel("C0AWAY", "away", members=[alice], bot_in=False)
    await alice.posts(away, "<@U0BOT0001> hi")
    assert recorder.requests == []
    await alice.types(away, "/invite @kitestring")
    await alice.posts(away, "<@U0BOT0001> hi")
    assert recorder.last_payload["event"]["type"] == "app_mention"


async def test_menus_of_every_kind(
    slack: SlackSim, recorder: RecordingApp, alice: Person, client: AsyncWebClient
) -> None:
    """Radio buttons, checkboxes, overflow and people menus send the choice; unknown choices are refused."""
    options = [{"text": words(label), "value": label.lower()} for label in ("All", "End")]
    kinds = ({"type": kind, "action_id": kind, "options": options} for kind in ("radio_buttons", "checkboxes"))
    elements = [*kinds, {"type": "overflow", "action_id": "more", "options": options}]
    elements.append({"type": "users_select", "action_id": "who", "placeholder": words("Who")})
    card = await post(slack, client, [SELECT, {"type": "actions", "block_id": "b", "elements": elements}])
    await alice.picks(card, "radio_buttons", "End")
    assert recorder.last_payload["actions"][0]["selected_option"]["value"] == "end"
    await alice.picks(card, "checkboxes", ["All", "End"])
    assert [o["value"] for o in recorder.last_payload["actions"][0]["selected_options"]] == ["all", "end"]
    await alice.picks(card, "Who", alice)
    assert recorder.last_payload["actions"][0]["selected_user"] == alice.id
    await alice.picks(card, "more", "All")
    assert recorder.last_payload["state"]["values"]["b"]["radio_buttons"]["selected_option"]["value"] == "end"
    with pytest.raises(NoSuchControl, match="'main', 'develop'"):
        await alice.picks(card, "Branch", "nowhere")


async def test_required_inputs_are_refused_by_the_client(
    slack: SlackSim, recorder: RecordingApp, alice: Person, client: AsyncWebClient
) -> None:
    """An empty required input never reaches the app."""
    view = await opened(slack, recorder, alice, client, FORM)
    before = len(recorder.requests)
    assert (await alice.submits({"Branch": "main"})).problem == "incomplete"
    assert (set(view.errors), len(recorder.requests)) == ({"pipeline"}, before)


async def test_response_actions_are_applied(
    slack: SlackSim, recorder: RecordingApp, alice: Person, client: AsyncWebClient
) -> None:
    """push, update, clear and an empty answer work as in Slack; three views are the limit."""
    simple = {"type": "modal", "title": words("One"), "submit": words("Go"), "blocks": [text_input("a", "A")]}
    await opened(slack, recorder, alice, client, simple)
    recorder.answer = {"response_action": "push", "view": simple | {"title": words("Two")}}
    await alice.submits({"A": "x"})
    await alice.submits({"A": "x"})
    assert [view.title for view in slack.modals_of(alice)] == ["One", "Two", "Two"]
    assert (await alice.submits({"A": "x"})).problem == "push_limit_reached"
    recorder.answer = {"response_action": "update", "view": simple | {"title": words("Three")}}
    await alice.submits({"A": "kept"})
    front = slack.modal_of(alice)
    assert front is not None
    assert (front.title, front.inputs["a"]["a_input"]["value"]) == ("Three", "kept")
    recorder.answer = None
    await alice.submits()
    assert len(slack.modals_of(alice)) == 2
    recorder.answer = {"response_action": "clear"}
    await alice.submits({"A": "x"})
    assert slack.modals_of(alice) == []


async def test_errors_must_name_inputs(
    slack: SlackSim, recorder: RecordingApp, alice: Person, client: AsyncWebClient
) -> None:
    """Errors for a block that isn't an input leave the modal open with a general error."""
    await opened(slack, recorder, alice, client, FORM | {"blocks": [text_input("branch", "Branch")]})
    recorder.answer = {"response_action": "errors", "errors": {"nowhere": "?"}}
    assert (await alice.submits({"Branch": "main"})).problem == "invalid_errors_block_id"
    assert slack.modal_of(alice) is not None


async def test_a_stale_hash_is_a_conflict(
    slack: SlackSim, recorder: RecordingApp, alice: Person, client: AsyncWebClient
) -> None:
    """views.update with an old hash is refused; for a closed view it is not_found."""
    view = await opened(slack, recorder, alice, client, FORM)
    old = view.hash
    assert (await client.views_update(view_id=view.id, hash=old, view=FORM))["ok"]
    answer = await client.api_call("views.update", json={"view_id": view.id, "hash": view.hash, "view": FORM})
    assert answer["ok"]
    with pytest.raises(Exception, match="hash_conflict"):
        await client.views_update(view_id=view.id, hash=old, view=FORM)
    await alice.closes()
    with pytest.raises(Exception, match="not_found"):
        await client.views_update(view_id=view.id, view=FORM)


async def test_short_searches_send_nothing(
    slack: SlackSim, recorder: RecordingApp, alice: Person, client: AsyncWebClient
) -> None:
    """Below min_query_length nothing is sent; choosing an option searches first."""
    await opened(slack, recorder, alice, client, FORM)
    before = len(recorder.requests)
    assert await alice.searches("Pipeline", "") == []
    assert len(recorder.requests) == before
    recorder.answer = OPTIONS
    view = await alice.fills({"Pipeline": "web-app"})
    assert recorder.last_payload["value"] == "web-app"
    assert "Pipeline: [web-app]" in view.plain()
    with pytest.raises(NoSuchControl, match="'web-app'"):
        await alice.fills({"Pipeline": "other"})


async def test_too_many_options_are_no_options(
    slack: SlackSim, recorder: RecordingApp, alice: Person, client: AsyncWebClient
) -> None:
    """An answer with more than a hundred options shows none."""
    await opened(slack, recorder, alice, client, FORM)
    recorder.answer = {"options": [{"text": words(str(n)), "value": str(n)} for n in range(101)]}
    assert await alice.searches("Pipeline", "1") == []
    assert slack.problems[-1]["problem"] == "invalid_options"


async def test_subscribers_get_changes(slack: SlackSim, deploys: Channel, client: AsyncWebClient) -> None:
    """Subscribers are notified of each message."""
    async with slack.subscribe() as notices:
        posting = asyncio.create_task(client.chat_postMessage(channel=deploys.id, text="hi"))
        seen = await anext(aiter(notices))
        assert (seen["what"], seen["channel"]) == ("message", deploys.id)
        await posting


async def test_the_home_tab_is_shown(slack: SlackSim, alice: Person, client: AsyncWebClient) -> None:
    """A published home is in the person's snapshot and in no one else's."""
    await client.views_publish(user_id=alice.id, view=HOME)
    assert slack.snapshot(alice)["home"]["blocks"][0]["block_id"] == "home_actions"
    assert slack.snapshot("U0BOB0002")["home"] is None


async def test_the_simulator_can_be_mounted(
    slack: SlackSim, recorder: RecordingApp, alice: Person, deploys: Channel, session: aiohttp.ClientSession
) -> None:
    """Mounted below a path of a larger application, all its addresses still work."""
    async with Serving(Starlette(routes=[Mount("/slack", slack.app)])) as address:
        slack.base_url = f"{address}/slack"
        client = AsyncWebClient("xoxb-sim", base_url=f"{slack.base_url}/api/", session=session)
        await client.chat_postMessage(channel=deploys.id, text="mounted")
        recorder.answer = {"text": "in the ack"}
        await alice.types(deploys, "/bk whoami")
        async with session.post(recorder.last_payload["response_url"], json={"text": "by its URL"}) as answer:
            assert answer.status == 200
        async with session.get(f"{slack.base_url}/elsewhere") as answer:
            assert answer.status == 404
        slack.faults.reset("auth.test")
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.post(f"{slack.base_url}/api/auth.test")
    assert [m.text for m in slack.ephemerals(alice)] == ["in the ack", "by its URL"]
