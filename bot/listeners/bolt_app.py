"""The Bolt app: converts each kind of Slack's payloads once, and passes it to its listener."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.listeners.conversation_listeners import ConversationListeners
from bot.listeners.event_listeners import START, Ack
from bot.listeners.payload_shapes import (
    ClickPayload,
    CommandPayload,
    DroppedEventsPayload,
    EventPayload,
    GlobalShortcut,
    HomeOpenedPayload,
    LinkSharedPayload,
    MessagePayload,
    MessageShortcut,
    OptionsPayload,
    SubmissionPayload,
)
from bot.listeners.payloads import DROPPED_EVENTS, parse_payload

ANYTHING = re.compile(".*", re.DOTALL)
FOLLOW = "follow_build"
T = TypeVar("T")
BoltListener = Callable[..., Awaitable[None]]
log = structlog.stdlib.get_logger(__name__)


def build_bolt_app(client: AsyncWebClient, signing_secret: str, listeners: ConversationListeners) -> AsyncApp:
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
        # Bolt answers a check of the certificate without verifying it; the signature guard has done so before.
        ssl_check_enabled=True,
    )
    app.use(_take_dropped_events(listeners))
    _register(app, listeners)
    return app


def _register(app: AsyncApp, listeners: ConversationListeners) -> None:
    """Register the listeners; Bolt takes the first that matches."""
    app.command(ANYTHING)(_convert(CommandPayload, listeners.on_command))
    app.event("app_mention")(_convert_event(MessagePayload, listeners.on_message))
    # Bolt ignores a channel_type constraint for events.
    app.event("message")(_convert_event(MessagePayload, listeners.on_message))
    # A pattern alone would also match legacy attachments and dialogs.
    app.action({"type": "block_actions", "action_id": ANYTHING})(_convert(ClickPayload, listeners.on_action))
    app.view(ANYTHING)(_convert(SubmissionPayload, listeners.on_submission))
    app.options({"action_id": ANYTHING})(_convert(OptionsPayload, listeners.on_options))
    app.event("app_home_opened")(_convert_event(HomeOpenedPayload, listeners.events.opened))
    app.event("link_shared")(_convert_event(LinkSharedPayload, listeners.events.linked))
    app.message_shortcut(FOLLOW)(_convert(MessageShortcut, listeners.on_shortcut))
    app.global_shortcut(START)(_convert(GlobalShortcut, listeners.events.started))
    app.event(ANYTHING)(_convert_event(EventPayload, listeners.events.ignored))
    app.shortcut(ANYTHING)(_acknowledge)
    app.view_closed(ANYTHING)(_acknowledge)
    app.error(_on_error)


def _take_dropped_events(listeners: ConversationListeners) -> Callable[..., Awaitable[BoltResponse | None]]:
    """Return middleware for the one notice that isn't wrapped as an event, so that no listener can match it."""

    async def take(
        body: dict[str, object], next_: Callable[[], Awaitable[BoltResponse | None]]
    ) -> BoltResponse | None:
        if body.get("type") != DROPPED_EVENTS:
            return await next_()
        payload = parse_payload(body, DroppedEventsPayload)
        if payload is not None:
            await listeners.events.dropped(payload)
        return BoltResponse(status=200, body="")

    return take


def _convert(shape: type[T], listen: Callable[[Ack, T], Awaitable[None]]) -> BoltListener:
    """Return a listener for Bolt that passes the payload on as a value, and ignores malformed ones."""

    async def take(ack: Ack, body: object) -> None:
        payload = parse_payload(body, shape)
        await listen(ack, payload) if payload is not None else await ack()

    return take


def _convert_event(shape: type[T], listen: Callable[[T], Awaitable[None]]) -> BoltListener:
    """Return a listener for events, which Bolt acknowledges unless the listener raises."""

    async def take(body: object) -> None:
        payload = parse_payload(body, shape)
        if payload is not None:
            await listen(payload)

    return take


async def _acknowledge(ack: Ack) -> None:
    await ack()


async def _on_error(error: Exception) -> BoltResponse:
    """Answer 503 when nothing was stored: Slack repeats events, and shows people that their request failed."""
    if isinstance(error, BoltUnhandledRequestError):
        return BoltResponse(status=404, body="")
    log.error("request not stored", error=type(error).__name__)
    return BoltResponse(status=503, body="")
