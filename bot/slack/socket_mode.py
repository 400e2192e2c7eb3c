"""Keeps the Socket Mode connection to Slack open. https://docs.slack.dev/apis/events-api/using-socket-mode"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import KitestringError
from bot.runtime.clock import Clock
from bot.runtime.loop import Loop, LoopName
from bot.slack.api_errors import SlackError, translate_errors

# Seconds. Slack replaces connections regularly, which takes a few seconds and is no reason for an alarm.
LOST_AFTER = 30.0


class ConnectionState:
    """State of the Socket Mode connection, which starts as down."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._down_since: float | None = clock.monotonic()

    def mark_up(self) -> None:
        """Note that there's a connection."""
        self._down_since = None

    def mark_down(self) -> None:
        """Note that there's no connection; repeated calls keep the time of the first."""
        if self._down_since is None:
            self._down_since = self._clock.monotonic()

    @property
    def lost(self) -> bool:
        """True if there has been no connection for over 30 seconds."""
        return self._down_since is not None and self._clock.monotonic() - self._down_since > LOST_AFTER


CHECK_INTERVAL = timedelta(seconds=5)
log = structlog.stdlib.get_logger(__name__)


@asynccontextmanager
async def open_connection(
    app: AsyncApp, token: str, web: AsyncWebClient, link: ConnectionState, clock: Clock
) -> AsyncIterator[Loop]:
    """Open a connection in the background, reconnecting when it's lost; the yielded loop keeps `link` up to date.

    Raise KitestringError if Slack refuses the token. While Slack doesn't answer, keep trying.
    """
    url = await _request_address(web, token)
    handler = AsyncSocketModeHandler(app, token, web_client=web)
    handler.client.wss_uri = url
    watch = ConnectionWatch(handler.client, link, clock)
    connecting = asyncio.create_task(handler.connect_async())  # type: ignore[no-untyped-call]
    try:
        yield Loop(LoopName.SOCKET, watch.tick, watch.next_at, clock)
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
        connecting.cancel()
        await asyncio.wait({connecting})


async def _request_address(web: AsyncWebClient, token: str) -> str | None:
    """Return a single-use address to connect to; None while Slack doesn't answer."""
    try:
        async with translate_errors():
            answer = await web.apps_connections_open(app_token=token)
    except SlackError as problem:
        if problem.kind in ("refused", "barred"):
            raise KitestringError(
                f"Slack refuses SLACK_APP_TOKEN ({problem.code}).",
                "Create an app-level token with the connections:write scope, and turn on Socket Mode.",
            ) from problem
        log.warning("Slack doesn't answer, still trying", error=problem.code)
        return None
    return str(answer["url"])


class ConnectionWatch:
    """Checks every five seconds whether the connection is up."""

    def __init__(self, client: SocketModeClient, link: ConnectionState, clock: Clock) -> None:
        self._client = client
        self._link = link
        self._clock = clock

    async def tick(self) -> int:
        """Record whether the connection is up."""
        if await self._client.is_connected():
            self._link.mark_up()
        else:
            self._link.mark_down()
            # Addresses work once: without this, Slack's client would retry the used one forever.
            self._client.wss_uri = None
        return 0

    async def next_at(self) -> datetime:
        return self._clock.now() + CHECK_INTERVAL
