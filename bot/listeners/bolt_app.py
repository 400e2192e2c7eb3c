"""The Bolt app, with one listener for each kind of request; each stores the request, then acknowledges it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.buildkite.catalog import Catalog
from bot.builds.links.render import AT
from bot.errors import KitestringError
from bot.listeners import requests
from bot.listeners.dispatch import Dispatcher
from bot.listeners.event_listeners import START, EventListeners
from bot.notifications.direct.model import STOP_ACTION
from bot.operations.invocation import Request
from bot.operations.operation import Registry
from bot.operations.render import render_note, render_problem
from bot.operations.reply import Call
from bot.runtime.error_boundary import run_guarded
from bot.slack.answers import Answers
from bot.slack.blockkit.blocks import OPTION_VALUE_LIMIT, Message, option

ANYTHING = re.compile(".*", re.DOTALL)
FOLLOW = "follow_build"
MENU_SECONDS = 2.0
Ack = Callable[..., Awaitable[Any]]
Body = Mapping[str, Any]
CatalogFor = Callable[[str], Awaitable[Catalog]]
RecentBranches = Callable[[str], Awaitable[tuple[str, ...]]]
log = structlog.stdlib.get_logger(__name__)


class Listeners:
    """Listeners for Bolt. `team` is the bot's workspace; `bot_user` is its own user id.

    `catalog_for(user)` returns the catalog for that person's menus; `recent_branches(pipeline)` the branches with
    recent builds.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        answers: Answers,
        catalog_for: CatalogFor,
        recent_branches: RecentBranches,
        registry: Registry,
        team: str,
        bot_user: str,
        events: EventListeners,
    ) -> None:
        self._dispatcher = dispatcher
        self.events = events
        self._answers = answers
        self._catalog_for = catalog_for
        self._recent_branches = recent_branches
        self._registry = registry
        self.team = team
        self.bot_user = bot_user

    async def on_command(self, ack: Ack, body: Body) -> None:
        """Take a slash command; only mistakes are answered in the acknowledgement itself."""
        if body["team_id"] != self.team:
            await ack(**_format_ack(render_note("I belong to another workspace.")))
            return
        request = requests.from_command(body)
        answer = await self._try(self._dispatcher.run_text(request, str(body.get("text") or "")))
        await ack(**_format_ack(answer)) if answer else await ack()

    async def on_message(self, event: Body, body: Body) -> None:
        """Take a mention or a direct message. Raises if it can't be stored, so that Slack sends it again."""
        request = requests.from_message(event, str(body.get("team_id")))
        if request is None or request.thread.team != self.team:
            return
        answer = await self._dispatcher.run_text(request, requests.strip_mention(event, self.bot_user))
        if answer:
            await self._answers.send(request.recipient, answer)

    async def on_action(self, ack: Ack, body: Body) -> None:
        """Take a press of a button; links and inputs of forms only need the acknowledgement."""
        action = body["actions"][0]
        name, value = str(action.get("action_id", "")), str(action.get("value") or "")
        if not value or name.startswith(("open:", "suggest:")) or requests.read_team(body) != self.team:
            await ack()
            return
        home = (body.get("view") or {}).get("type") == "home"
        request = requests.from_home_button(body) if home else requests.from_click(body)
        pressed = self.events.pressed if home else self._press
        answer = await self._try(pressed(request, name, value))
        await ack()
        if answer:
            await self._answers.send(request.recipient, answer, replace=request.flags.replaces)

    async def on_submission(self, ack: Ack, body: Body) -> None:
        """Take a submitted form."""
        try:
            wrong = await run_guarded(self._dispatcher.submit_form(body), "form")
        except KitestringError as error:
            wrong = {_find_first_input(body): str(error)}
        await ack(response_action="errors", errors=wrong) if wrong else await ack()

    async def on_options(self, ack: Ack, body: Body) -> None:
        """Answer a menu's request for options from memory, within Slack's three seconds."""
        kind = str(body.get("action_id", "")).partition(":")[2]
        about = requests.read_pipeline(body)
        found = await self._load_options(kind, str(body.get("value") or ""), str(body["user"]["id"]), about)
        await ack(options=[option(label, value) for label, value in found if 0 < len(value) <= OPTION_VALUE_LIMIT])

    async def on_shortcut(self, ack: Ack, body: Body) -> None:
        """Follow the build that a message links to."""
        request, url = requests.from_message_shortcut(body), requests.find_build_url(body["message"])
        answer: Message | None = render_note("That message has no link to a build.")
        if url and requests.read_team(body) == self.team:
            call = Call("build watch", {"pipeline": url})
            answer = await self._try(self._dispatcher.run_call(request, call))
        await ack()
        if answer:
            await self._answers.send(request.recipient, answer)

    async def _press(self, request: Request, name: str, value: str) -> Message | None:
        if name.startswith("proposal "):
            await self._dispatcher.vote(request, name, value)
            return None
        if name == STOP_ACTION:
            return await self._dispatcher.stop_messages(request, value)
        if name.startswith(AT):
            return await self._dispatcher.press_addressed_button(request, name.removeprefix(AT), value)
        if name in self._registry:
            return await self._dispatcher.press_card_button(request, name, value)
        return await self._dispatcher.press_choice(request, value)

    async def _load_options(
        self, kind: str, typed: str, user: str, about: str | None
    ) -> tuple[tuple[str, str], ...]:
        """Return a menu's options; none where Buildkite is too slow, because the next keystroke asks again."""
        try:
            async with asyncio.timeout(MENU_SECONDS):
                return await run_guarded(self._suggest(kind, typed, user, about), "menu")
        except (KitestringError, TimeoutError):
            return ()

    async def _suggest(self, kind: str, typed: str, user: str, about: str | None) -> tuple[tuple[str, str], ...]:
        branches = await self._recent_branches(about) if kind == "branch" and about else ()
        return await (await self._catalog_for(user)).suggest(kind, typed, about, branches)

    async def _try(self, work: Awaitable[Message | None]) -> Message | None:
        """Run work that stores a request; returns its answer, or what kept it from being stored."""
        try:
            return await run_guarded(work, "request")
        except KitestringError as error:
            return render_problem(error)


def build_bolt_app(client: AsyncWebClient, signing_secret: str, listeners: Listeners) -> AsyncApp:
    """Build the Bolt app. The response waits for the listener, so that an acknowledgement means “stored”.

    Over HTTP the signature guard has verified the request before anything was parsed; a socket needs no proof.
    """

    async def authorize() -> AuthorizeResult:
        """Identify the bot: Bolt would ask Slack during the first request, and fail it if Slack refuses."""
        return AuthorizeResult(
            enterprise_id=None,
            team_id=listeners.team,
            bot_token=client.token,
            bot_user_id=listeners.bot_user,
        )

    app = AsyncApp(
        name="kitestring",  # without it Bolt walks the stack for its caller's file: 0.1 s at start
        client=client,
        authorize=authorize,
        signing_secret=signing_secret,
        request_verification_enabled=False,
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        ssl_check_enabled=False,
    )
    app.command(ANYTHING)(listeners.on_command)
    app.event("app_mention")(listeners.on_message)
    app.event("message")(listeners.on_message)  # Bolt ignores a channel_type constraint here
    # A pattern alone would also match legacy attachments and dialogs.
    app.action({"type": "block_actions", "action_id": ANYTHING})(listeners.on_action)
    app.view(ANYTHING)(listeners.on_submission)
    app.options({"action_id": ANYTHING})(listeners.on_options)
    app.event("app_home_opened")(listeners.events.opened)
    app.event("link_shared")(listeners.events.linked)
    app.message_shortcut(FOLLOW)(listeners.on_shortcut)
    app.global_shortcut(START)(listeners.events.started)
    app.event(ANYTHING)(_ignore_event)
    app.shortcut(ANYTHING)(_acknowledge)
    app.view_closed(ANYTHING)(_acknowledge)
    app.error(_on_error)
    return app


async def _ignore_event(event: Body) -> None:
    """Accept events that have no listener, because Slack counts unanswered ones as failures."""
    log.debug("event ignored", kind=event.get("type"))


async def _acknowledge(ack: Ack) -> None:
    await ack()


async def _on_error(error: Exception) -> BoltResponse:
    """Answer 503 when nothing was stored: Slack repeats events, and shows people that their request failed."""
    if isinstance(error, BoltUnhandledRequestError):
        return BoltResponse(status=404, body="")
    log.error("request not stored", error=type(error).__name__)
    return BoltResponse(status=503, body="")


def _format_ack(message: Message) -> dict[str, Any]:
    return {"response_type": "ephemeral", "text": message.text, "blocks": list(message.blocks)}


def _find_first_input(body: Body) -> str:
    return next((str(block["block_id"]) for block in body["view"]["blocks"] if block["type"] == "input"), "form")
