"""Bolt, wired: one listener for each kind of request, each of which takes it down and acknowledges it."""

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
from bot.listeners.requests import Request
from bot.notifications.direct.model import STOP
from bot.operations.choices import new_choice_id
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
Names = Callable[[str], Awaitable[Catalog]]
Heard = Callable[[str], Awaitable[tuple[str, ...]]]
log = structlog.stdlib.get_logger(__name__)


class Listeners:
    """What is registered with Bolt. `team` is the one workspace that is served; `bot_user` our own user id.

    `names(user)` gives the catalog that menus offer that person from; `heard(pipeline)` the branches that had
    builds.
    """

    def __init__(
        self,
        intake: Dispatcher,
        answers: Answers,
        names: Names,
        heard: Heard,
        registry: Registry,
        team: str,
        bot_user: str,
        elsewhere: EventListeners,
    ) -> None:
        self._intake = intake
        self.elsewhere = elsewhere
        self._answers = answers
        self._names = names
        self._heard = heard
        self._registry = registry
        self.team = team
        self.bot_user = bot_user

    async def command(self, ack: Ack, body: Body) -> None:
        """A slash command; mistakes ride in the acknowledgement, all other answers come by themselves."""
        if body["team_id"] != self.team:
            await ack(**_shown(render_note("I serve another workspace.")))
            return
        request = requests.of_command(body)
        said = await self._try(self._intake.typed(request, str(body.get("text") or "")))
        await ack(**_shown(said)) if said else await ack()

    async def message(self, event: Body, body: Body) -> None:
        """A mention, or a message in the bot's DM. Raises when it cannot be written down: Slack repeats events."""
        request = requests.of_message(event, str(body.get("team_id")))
        if request is None or request.thread.team != self.team:
            return
        said = await self._intake.typed(request, requests.said(event, self.bot_user))
        if said:
            await self._answers.tell(request.invocation(new_choice_id(), "", {}).recipient, said)

    async def action(self, ack: Ack, body: Body) -> None:
        """A button or a menu in a message; pages that are only opened, and inputs of forms, need no more."""
        action = body["actions"][0]
        name, value = str(action.get("action_id", "")), str(action.get("value") or "")
        if not value or name.startswith(("open:", "suggest:")) or requests.team_of(body) != self.team:
            await ack()
            return
        home = (body.get("view") or {}).get("type") == "home"
        request = requests.of_home(body) if home else requests.of_click(body)
        pressed = self.elsewhere.pressed if home else self._press
        said = await self._try(pressed(request, name, value))
        await ack()
        if said:
            invocation = request.invocation(new_choice_id(), "", {})
            await self._answers.tell(invocation.recipient, said, replace=request.private)

    async def submission(self, ack: Ack, body: Body) -> None:
        """A form that was sent."""
        try:
            wrong = await run_guarded(self._intake.submitted(body), "form")
        except KitestringError as error:
            wrong = {_any_block(body): str(error)}
        await ack(response_action="errors", errors=wrong) if wrong else await ack()

    async def options(self, ack: Ack, body: Body) -> None:
        """A menu that asks what to offer: answered from memory, within the three seconds."""
        kind = str(body.get("action_id", "")).partition(":")[2]
        about = requests.pipeline_of(body)
        found = await self._offered(kind, str(body.get("value") or ""), str(body["user"]["id"]), about)
        await ack(options=[option(label, value) for label, value in found if 0 < len(value) <= OPTION_VALUE_LIMIT])

    async def shortcut(self, ack: Ack, body: Body) -> None:
        """Follow the build that a message speaks of."""
        request, url = requests.of_shortcut(body), requests.build_url(body["message"])
        said: Message | None = render_note("I see no link to a build in that message.")
        if url and requests.team_of(body) == self.team:
            call = Call("build watch", {"pipeline": url})
            said = await self._try(self._intake.called(request, call))
        await ack()
        if said:
            await self._answers.tell(request.invocation(new_choice_id(), "", {}).recipient, said)

    async def _press(self, request: Request, name: str, value: str) -> Message | None:
        if name.startswith("proposal "):
            await self._intake.voted(request, name, value)
            return None
        if name == STOP:
            return await self._intake.stopped(request, value)
        if name.startswith(AT):
            return await self._intake.pressed_at(request, name.removeprefix(AT), value)
        if name in self._registry:
            return await self._intake.pressed_card(request, name, value)
        return await self._intake.pressed_choice(request, value)

    async def _offered(self, kind: str, typed: str, user: str, about: str | None) -> tuple[tuple[str, str], ...]:
        """Nothing, where Buildkite does not say it in time: the person types on, and is asked again."""
        try:
            async with asyncio.timeout(MENU_SECONDS):
                return await run_guarded(self._suggested(kind, typed, user, about), "menu")
        except (KitestringError, TimeoutError):
            return ()

    async def _suggested(self, kind: str, typed: str, user: str, about: str | None) -> tuple[tuple[str, str], ...]:
        heard = await self._heard(about) if kind == "branch" and about else ()
        return await (await self._names(user)).suggest(kind, typed, about, heard)

    async def _try(self, work: Awaitable[Message | None]) -> Message | None:
        """Whatever goes wrong before it is written down is said at once."""
        try:
            return await run_guarded(work, "request")
        except KitestringError as error:
            return render_problem(error)


def bolt(client: AsyncWebClient, signing_secret: str, listeners: Listeners) -> AsyncApp:
    """Bolt with our listeners; the response waits for the listener, so that an ack means: written down.

    Over HTTP the guard in front has verified the signature before anything was parsed; a socket needs no proof.
    """

    async def known() -> AuthorizeResult:
        """Bolt would ask Slack who we are amid the first request, and answer it itself when Slack refuses."""
        return AuthorizeResult(
            enterprise_id=None,
            team_id=listeners.team,
            bot_token=client.token,
            bot_user_id=listeners.bot_user,
        )

    app = AsyncApp(
        name="kitestring",  # without it Bolt walks the stack for its caller's file: 0.1 s at start
        client=client,
        authorize=known,
        signing_secret=signing_secret,
        request_verification_enabled=False,
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        ssl_check_enabled=False,
    )
    app.command(ANYTHING)(listeners.command)
    app.event("app_mention")(listeners.message)
    app.event("message")(listeners.message)  # Bolt passes over a channel_type asked for here
    # A pattern alone would also take the attachments and dialogs that came before Block Kit.
    app.action({"type": "block_actions", "action_id": ANYTHING})(listeners.action)
    app.view(ANYTHING)(listeners.submission)
    app.options({"action_id": ANYTHING})(listeners.options)
    app.event("app_home_opened")(listeners.elsewhere.opened)
    app.event("link_shared")(listeners.elsewhere.linked)
    app.message_shortcut(FOLLOW)(listeners.shortcut)
    app.global_shortcut(START)(listeners.elsewhere.started)
    app.event(ANYTHING)(_ignored)
    app.shortcut(ANYTHING)(_acknowledged)
    app.view_closed(ANYTHING)(_acknowledged)
    app.error(_failed)
    return app


async def _ignored(event: Body) -> None:
    """Events that nobody asked for are taken, else Slack counts them as failures."""
    log.debug("event ignored", kind=event.get("type"))


async def _acknowledged(ack: Ack) -> None:
    await ack()


async def _failed(error: Exception) -> BoltResponse:
    """Nothing was written down: a 503 lets Slack repeat an event, and shows a person that it failed."""
    if isinstance(error, BoltUnhandledRequestError):
        return BoltResponse(status=404, body="")
    log.error("request not taken", error=type(error).__name__)
    return BoltResponse(status=503, body="")


def _shown(message: Message) -> dict[str, Any]:
    return {"response_type": "ephemeral", "text": message.text, "blocks": list(message.blocks)}


def _any_block(body: Body) -> str:
    return next((str(block["block_id"]) for block in body["view"]["blocks"] if block["type"] == "input"), "form")
