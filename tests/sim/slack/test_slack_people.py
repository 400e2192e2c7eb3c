"""People in the simulated Slack can do what people in Slack can do, and no more."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Mount

from simulators.http_server import Serving
from simulators.slack.errors import NotPossible, NoSuchControl
from simulators.slack.models import Channel, Message
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from simulators.slack.views import View
from tests.sim.slack.cards import CARD, FORM, HOME, OPTIONS, SELECT, button, text_input, words
from tests.sim.slack.ear import Ear

pytestmark = pytest.mark.usefixtures("deploys")


async def post(slack: SlackSim, client: AsyncWebClient, blocks: list[Any]) -> Message:
    ts = (await client.chat_postMessage(channel="C0DEPLOYS", text="card", blocks=blocks))["ts"]
    found = slack.find_message("C0DEPLOYS", ts)
    assert found is not None
    return found


async def opened(slack: SlackSim, ear: Ear, who: Person, client: AsyncWebClient, view: Any) -> View:
    await who.types("C0DEPLOYS", "/bk")
    await client.views_open(trigger_id=ear.heard["trigger_id"], view=view)
    found = slack.modal_of(who)
    assert found is not None
    return found


async def test_only_visible_controls_can_be_used(
    slack: SlackSim, ear: Ear, alice: Person, client: AsyncWebClient
) -> None:
    """A button that is not there cannot be pressed; the error shows what is."""
    card = await post(slack, client, CARD)
    with pytest.raises(NoSuchControl, match=r"\[Unblock\] \[Cancel\]"):
        await alice.clicks(card, "Retry")
    assert (await alice.clicks(card.ts, action_id="cancel")).ok
    assert ear.heard["actions"][0]["value"] == "row-1"


async def test_two_buttons_of_one_name_are_told_apart(
    slack: SlackSim, ear: Ear, alice: Person, client: AsyncWebClient
) -> None:
    """Two buttons with the same label need their value or action_id."""
    rows = [{"type": "actions", "elements": [button("View", f"view_{n}", value=f"row-{n}")]} for n in (1, 2)]
    card = await post(slack, client, rows)
    with pytest.raises(NoSuchControl, match="2 controls"):
        await alice.clicks(card, "View")
    await alice.clicks(card, "View", value="row-2")
    assert ear.heard["actions"][0]["action_id"] == "view_2"


async def test_confirmation_dialogs(slack: SlackSim, ear: Ear, alice: Person, client: AsyncWebClient) -> None:
    """A button with a confirm asks first, and a No sends nothing."""
    dialog = {"title": words("Sure?"), "text": words("Stop it?"), "confirm": words("Yes"), "deny": words("No")}
    card = await post(slack, client, [{"type": "actions", "elements": [button("Stop", "stop", confirm=dialog)]}])
    assert (await alice.clicks(card, "Stop", confirm=False)).problem == "declined"
    assert ear.requests == []
    assert (await alice.clicks(card, "Stop")).ok
    assert [asked["answer"] for asked in slack.confirmations] == [False, True]


async def test_double_clicks_are_two_clicks(
    slack: SlackSim, ear: Ear, alice: Person, client: AsyncWebClient
) -> None:
    """Each press has an action_ts and a trigger of its own."""
    both = await alice.clicks_twice(await post(slack, client, CARD), "Cancel")
    assert [ack.ok for ack in both] == [True, True]
    assert len(ear.requests) == 2
    assert ear.requests[0][1] != ear.requests[1][1]


async def test_private_words_stay_private(
    slack: SlackSim, alice: Person, bob: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """Nobody else sees or presses the buttons of an ephemeral message, nor enters a private channel."""
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
    slack: SlackSim, ear: Ear, alice: Person, deploys: Channel, client: AsyncWebClient
) -> None:
    """Slack refuses slash commands in threads, and commands that nobody registered."""
    card = await post(slack, client, CARD)
    assert (await alice.types(deploys, "/bk cancel", thread_ts=card.ts)).problem == "not_supported_in_threads"
    assert (await alice.types(deploys, "/deploy")).problem == "unknown_command"
    assert ear.requests == []
    assert [m.text for m in slack.ephemerals(alice)] == [
        "/bk is not supported in threads. Sorry!",
        "/deploy is not a valid command.",
    ]


async def test_answers_in_the_acknowledgement(slack: SlackSim, ear: Ear, alice: Person, deploys: Channel) -> None:
    """The body of an acknowledgement is private, unless it says in_channel: then the command is shown too."""
    ear.answer = {"text": "only you"}
    await alice.types(deploys, "/bk whoami")
    assert (slack.ephemerals(alice)[-1].text, slack.messages(deploys)) == ("only you", [])
    ear.answer = {"response_type": "in_channel", "text": "all of you"}
    await alice.types(deploys, "/bk build")
    assert [m.text for m in slack.messages(deploys)] == ["/bk build", "all of you"]


async def test_mentions_need_the_bot_in_the_channel(slack: SlackSim, ear: Ear, alice: Person) -> None:
    """The bot hears mentions only where it is a member; /invite makes it one."""
    away = slack.channel("C0AWAY", "away", members=[alice], bot_in=False)
    await alice.posts(away, "<@U0BOT0001> hi")
    assert ear.requests == []
    await alice.types(away, "/invite @kitestring")
    await alice.posts(away, "<@U0BOT0001> hi")
    assert ear.heard["event"]["type"] == "app_mention"


async def test_menus_of_every_kind(slack: SlackSim, ear: Ear, alice: Person, client: AsyncWebClient) -> None:
    """Radio buttons, checkboxes, overflow and people menus send what was chosen; no other choice exists."""
    options = [{"text": words(label), "value": label.lower()} for label in ("All", "End")]
    kinds = ({"type": kind, "action_id": kind, "options": options} for kind in ("radio_buttons", "checkboxes"))
    elements = [*kinds, {"type": "overflow", "action_id": "more", "options": options}]
    elements.append({"type": "users_select", "action_id": "who", "placeholder": words("Who")})
    card = await post(slack, client, [SELECT, {"type": "actions", "block_id": "b", "elements": elements}])
    await alice.picks(card, "radio_buttons", "End")
    assert ear.heard["actions"][0]["selected_option"]["value"] == "end"
    await alice.picks(card, "checkboxes", ["All", "End"])
    assert [o["value"] for o in ear.heard["actions"][0]["selected_options"]] == ["all", "end"]
    await alice.picks(card, "Who", alice)
    assert ear.heard["actions"][0]["selected_user"] == alice.id
    await alice.picks(card, "more", "All")
    assert ear.heard["state"]["values"]["b"]["radio_buttons"]["selected_option"]["value"] == "end"
    with pytest.raises(NoSuchControl, match="'main', 'develop'"):
        await alice.picks(card, "Branch", "nowhere")


async def test_required_inputs_are_refused_by_the_client(
    slack: SlackSim, ear: Ear, alice: Person, client: AsyncWebClient
) -> None:
    """An empty required input never reaches the app."""
    view = await opened(slack, ear, alice, client, FORM)
    before = len(ear.requests)
    assert (await alice.submits({"Branch": "main"})).problem == "incomplete"
    assert (set(view.errors), len(ear.requests)) == ({"pipeline"}, before)


async def test_response_actions_are_obeyed(
    slack: SlackSim, ear: Ear, alice: Person, client: AsyncWebClient
) -> None:
    """push, update, clear and an empty answer do what Slack does; three views are the limit."""
    simple = {"type": "modal", "title": words("One"), "submit": words("Go"), "blocks": [text_input("a", "A")]}
    await opened(slack, ear, alice, client, simple)
    ear.answer = {"response_action": "push", "view": simple | {"title": words("Two")}}
    await alice.submits({"A": "x"})
    await alice.submits({"A": "x"})
    assert [view.title for view in slack.modals_of(alice)] == ["One", "Two", "Two"]
    assert (await alice.submits({"A": "x"})).problem == "push_limit_reached"
    ear.answer = {"response_action": "update", "view": simple | {"title": words("Three")}}
    await alice.submits({"A": "kept"})
    front = slack.modal_of(alice)
    assert front is not None
    assert (front.title, front.inputs["a"]["a_input"]["value"]) == ("Three", "kept")
    ear.answer = None
    await alice.submits()
    assert len(slack.modals_of(alice)) == 2
    ear.answer = {"response_action": "clear"}
    await alice.submits({"A": "x"})
    assert slack.modals_of(alice) == []


async def test_errors_must_name_inputs(slack: SlackSim, ear: Ear, alice: Person, client: AsyncWebClient) -> None:
    """Errors for a block that is no input leave the modal open with a general error."""
    await opened(slack, ear, alice, client, FORM | {"blocks": [text_input("branch", "Branch")]})
    ear.answer = {"response_action": "errors", "errors": {"nowhere": "?"}}
    assert (await alice.submits({"Branch": "main"})).problem == "invalid_errors_block_id"
    assert slack.modal_of(alice) is not None


async def test_a_stale_hash_is_a_conflict(
    slack: SlackSim, ear: Ear, alice: Person, client: AsyncWebClient
) -> None:
    """views.update with an old hash is refused, of a closed view not found."""
    view = await opened(slack, ear, alice, client, FORM)
    old = view.hash
    assert (await client.views_update(view_id=view.id, hash=old, view=FORM))["ok"]
    answer = await client.api_call("views.update", json={"view_id": view.id, "hash": view.hash, "view": FORM})
    assert answer["ok"]
    with pytest.raises(Exception, match="hash_conflict"):
        await client.views_update(view_id=view.id, hash=old, view=FORM)
    await alice.closes()
    with pytest.raises(Exception, match="not_found"):
        await client.views_update(view_id=view.id, view=FORM)


async def test_short_searches_ask_nothing(
    slack: SlackSim, ear: Ear, alice: Person, client: AsyncWebClient
) -> None:
    """Below min_query_length nothing is asked; a menu is searched by itself when something is chosen."""
    await opened(slack, ear, alice, client, FORM)
    before = len(ear.requests)
    assert await alice.searches("Pipeline", "") == []
    assert len(ear.requests) == before
    ear.answer = OPTIONS
    view = await alice.fills({"Pipeline": "web-app"})
    assert ear.heard["value"] == "web-app"
    assert "Pipeline: [web-app]" in view.plain()
    with pytest.raises(NoSuchControl, match="'web-app'"):
        await alice.fills({"Pipeline": "other"})


async def test_too_many_options_are_no_options(
    slack: SlackSim, ear: Ear, alice: Person, client: AsyncWebClient
) -> None:
    """An answer with more than a hundred options shows none."""
    await opened(slack, ear, alice, client, FORM)
    ear.answer = {"options": [{"text": words(str(n)), "value": str(n)} for n in range(101)]}
    assert await alice.searches("Pipeline", "1") == []
    assert slack.problems[-1]["problem"] == "invalid_options"


async def test_changes_are_told(slack: SlackSim, deploys: Channel, client: AsyncWebClient) -> None:
    """Whoever subscribes is told of each message."""
    async with slack.subscribe() as notices:
        posting = asyncio.create_task(client.chat_postMessage(channel=deploys.id, text="hi"))
        seen = await anext(aiter(notices))
        assert (seen["what"], seen["channel"]) == ("message", deploys.id)
        await posting


async def test_the_home_tab_is_shown(slack: SlackSim, alice: Person, client: AsyncWebClient) -> None:
    """A published home stands in the person's snapshot, and nobody else's."""
    await client.views_publish(user_id=alice.id, view=HOME)
    assert slack.snapshot(alice)["home"]["blocks"][0]["block_id"] == "home_actions"
    assert slack.snapshot("U0BOB0002")["home"] is None


async def test_the_stand_in_can_be_mounted(
    slack: SlackSim, ear: Ear, alice: Person, deploys: Channel, session: aiohttp.ClientSession
) -> None:
    """Below a path of a larger application everything it hands out still leads back to it."""
    async with Serving(Starlette(routes=[Mount("/slack", slack.app)])) as address:
        slack.base_url = f"{address}/slack"
        client = AsyncWebClient("xoxb-sim", base_url=f"{slack.base_url}/api/", session=session)
        await client.chat_postMessage(channel=deploys.id, text="mounted")
        ear.answer = {"text": "in the ack"}
        await alice.types(deploys, "/bk whoami")
        async with session.post(ear.heard["response_url"], json={"text": "by its URL"}) as answer:
            assert answer.status == 200
        async with session.get(f"{slack.base_url}/elsewhere") as answer:
            assert answer.status == 404
        slack.faults.reset("auth.test")
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.post(f"{slack.base_url}/api/auth.test")
    assert [m.text for m in slack.ephemerals(alice)] == ["in the ack", "by its URL"]
