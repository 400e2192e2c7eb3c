"""slack_bolt's own app runs against the simulated Slack, unmodified, over HTTP and over Socket Mode."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Route

from simulators.http_server import Serving
from simulators.slack.models import Channel
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from tests.sim.slack.cards import CARD, FORM, OPTIONS
from tests.sim.slack.recording_app import SECRET

Json = dict[str, Any]
pytestmark = pytest.mark.usefixtures("deploys")


def listeners(app: AsyncApp) -> None:
    """Add one listener of each kind, each with a visible effect."""

    @app.command("/bk")
    async def command(ack: Any, respond: Any, client: Any, command: Json) -> None:
        await ack()
        await client.chat_postMessage(channel=command["channel_id"], text="A build", blocks=CARD)
        await respond(f"You said {command['text']}")

    @app.event("app_mention")
    async def mention(client: Any, event: Json) -> None:
        await client.chat_postMessage(channel=event["channel"], text="Got it", thread_ts=event["ts"])

    @app.action("unblock")
    async def unblock(ack: Any, client: Any, body: Json) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.options("pipeline_select")
    async def options(ack: Any) -> None:
        await ack(**OPTIONS)

    @app.view("new_build")
    async def submitted(ack: Any, client: Any, view: Json) -> None:
        values = view["state"]["values"]
        if values["branch"]["branch_input"]["value"] == "nowhere":
            await ack(response_action="errors", errors={"branch": "No such branch"})
            return
        await ack()
        await client.chat_postMessage(channel="C0DEPLOYS", text="Submitted")

    @app.view_closed("new_build")
    async def closed(ack: Any, client: Any) -> None:
        await ack()
        await client.chat_postMessage(channel="C0DEPLOYS", text="Closed")

    @app.shortcut("build_from_message")
    async def shortcut(ack: Any, respond: Any, shortcut: Json) -> None:
        await ack()
        await respond(f"About: {shortcut['message']['text']}")


@pytest.fixture
async def slack() -> AsyncIterator[SlackSim]:
    """Return a workspace with the real clock, with which slack_bolt compares timestamps."""
    slack = SlackSim(signing_secret=SECRET)
    async with Serving(slack.app) as slack.base_url:
        yield slack


@contextlib.asynccontextmanager
async def over_http(slack: SlackSim, app: AsyncApp) -> AsyncIterator[None]:
    """Serve the app with its Starlette adapter."""
    handler = AsyncSlackRequestHandler(app)
    routed = Starlette(routes=[Route("/slack/events", handler.handle, methods=["POST"])])
    async with Serving(routed) as address:
        slack.request_url = f"{address}/slack/events"
        yield


@contextlib.asynccontextmanager
async def over_socket(slack: SlackSim, app: AsyncApp) -> AsyncIterator[None]:
    """Run the app with its Socket Mode handler."""
    handler = AsyncSocketModeHandler(app, "xapp-sim")
    await handler.connect_async()
    await slack.until(lambda: slack.sockets.connections)
    try:
        yield
    finally:
        await handler.close_async()


@pytest.fixture(params=[over_http, over_socket], ids=["http", "socket"])
async def bolt(
    request: pytest.FixtureRequest, slack: SlackSim, session: aiohttp.ClientSession
) -> AsyncIterator[AsyncApp]:
    client = AsyncWebClient("xoxb-sim", base_url=f"{slack.base_url}/api/", session=session)
    app = AsyncApp(client=client, signing_secret=SECRET)
    listeners(app)
    async with request.param(slack, app):
        yield app


@pytest.mark.usefixtures("bolt")
async def test_a_command_is_answered(slack: SlackSim, alice: Person, deploys: Channel) -> None:
    """A command posts a card and answers privately by its response URL."""
    assert (await alice.types(deploys, "/bk build web -b main")).ok
    private = await slack.until(lambda: slack.ephemerals(alice, deploys))
    assert private[0].plain() == "You said build web -b main"
    assert slack.messages(deploys)[-1].plain() == "*web-app* #42 is blocked\n[Unblock] [Cancel]"


@pytest.mark.usefixtures("bolt")
async def test_a_mention_is_answered_in_its_thread(slack: SlackSim, alice: Person, deploys: Channel) -> None:
    """A mention gets a reply in its thread."""
    sent = await alice.posts(deploys, "<@U0BOT0001> hello")
    assert sent.ok
    await slack.until(lambda: len(slack.thread(deploys, sent.ts)) == 2)
    assert slack.thread(deploys, sent.ts)[-1].plain() == "Got it"


@pytest.mark.usefixtures("bolt")
async def test_a_form_from_click_to_submission(slack: SlackSim, alice: Person, deploys: Channel) -> None:
    """A click opens a form; it is searched, refused once, and closes once it is valid."""
    await alice.types(deploys, "/bk")
    await slack.until(lambda: slack.messages(deploys))
    assert (await alice.clicks(slack.messages(deploys)[-1], "Unblock")).ok
    view = await slack.until(lambda: slack.modal_of(alice))
    assert await alice.searches("Pipeline", "we") == ["web-app"]
    await alice.submits({"Pipeline": "web-app", "Branch": "nowhere"})
    assert view.errors == {"branch": "No such branch"}
    assert (await alice.submits({"Branch": "main"})).ok
    assert slack.modal_of(alice) is None
    await slack.until(lambda: slack.messages(deploys)[-1].text == "Submitted")


@pytest.mark.usefixtures("bolt")
async def test_the_app_learns_of_a_closed_form(slack: SlackSim, alice: Person, deploys: Channel) -> None:
    """A modal with notify_on_close tells the app that it was closed."""
    await alice.types(deploys, "/bk")
    await slack.until(lambda: slack.messages(deploys))
    await alice.clicks(slack.messages(deploys)[-1], "Unblock")
    await slack.until(lambda: slack.modal_of(alice))
    assert (await alice.closes()).ok
    await slack.until(lambda: slack.messages(deploys)[-1].text == "Closed")


@pytest.mark.usefixtures("bolt")
async def test_a_message_shortcut(slack: SlackSim, alice: Person, bob: Person, deploys: Channel) -> None:
    """A message shortcut has the message and can answer privately."""
    sent = await bob.posts(deploys, "please deploy")
    assert (await alice.shortcut("build_from_message", sent.message)).ok
    private = await slack.until(lambda: slack.ephemerals(alice))
    assert private[0].plain() == "About: please deploy"


@pytest.mark.usefixtures("bolt")
async def test_an_unknown_shortcut_fails(slack: SlackSim, alice: Person) -> None:
    """A shortcut without a listener is an error that the person sees."""
    slack.patience = 0.2
    ack = await alice.shortcut("nobody_listens")
    assert ack.problem in ("dispatch_failed", "operation_timeout")
    assert slack.problems[-1]["about"] == "nobody_listens"


async def test_bolt_reconnects_to_a_new_address(
    slack: SlackSim, alice: Person, deploys: Channel, session: aiohttp.ClientSession
) -> None:
    """Asked to refresh its connection, Bolt's Socket Mode handler reconnects and continues."""
    app = AsyncApp(client=AsyncWebClient("xoxb-sim", base_url=f"{slack.base_url}/api/", session=session))
    listeners(app)
    async with over_socket(slack, app):
        (before,) = slack.sockets.connections
        await slack.refresh_sockets()
        await slack.until(lambda: slack.sockets.connections and before not in slack.sockets.connections)
        assert (await alice.types(deploys, "/bk again")).ok
        await slack.until(lambda: slack.ephemerals(alice))


async def test_envelopes_are_spread_over_connections(
    slack: SlackSim, alice: Person, deploys: Channel, session: aiohttp.ClientSession
) -> None:
    """With two connections each envelope goes to one of them, and every command is answered once."""
    app = AsyncApp(client=AsyncWebClient("xoxb-sim", base_url=f"{slack.base_url}/api/", session=session))
    listeners(app)
    async with over_socket(slack, app), over_socket(slack, app):
        await slack.until(lambda: len(slack.sockets.connections) == 2)
        for text in ("one", "two"):
            assert (await alice.types(deploys, f"/bk {text}")).ok
        answers = await slack.until(lambda: len(slack.ephemerals(alice)) == 2 and slack.ephemerals(alice))
        assert sorted(message.text for message in answers) == ["You said one", "You said two"]
