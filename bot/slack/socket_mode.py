"""Socket Mode: one connection to Slack, watched. https://docs.slack.dev/apis/events-api/using-socket-mode"""

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
from bot.runtime.loop import Loop
from bot.slack.api_errors import SlackError, told_apart

# Slack replaces a connection now and then: that takes a few seconds.
PATIENCE = 30.0


class ConnectionState:
    """The connection to Slack in Socket Mode: down until somebody says that it is up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._down_since: float | None = clock.monotonic()

    def up(self) -> None:
        """There is a connection."""
        self._down_since = None

    def down(self) -> None:
        """There is none; said again, it counts from the first time."""
        if self._down_since is None:
            self._down_since = self._clock.monotonic()

    @property
    def lost(self) -> bool:
        """There has been none for over 30 seconds."""
        return self._down_since is not None and self._clock.monotonic() - self._down_since > PATIENCE


LOOK = timedelta(seconds=5)
log = structlog.stdlib.get_logger(__name__)


@asynccontextmanager
async def opened(
    app: AsyncApp, token: str, web: AsyncWebClient, link: ConnectionState, clock: Clock
) -> AsyncIterator[Loop]:
    """A connection that opens in the background and again when it is lost; the loop keeps `link` true.

    Raises KitestringError when Slack refuses the token. While Slack is away it goes on trying.
    """
    url = await _address(web, token)
    handler = AsyncSocketModeHandler(app, token, web_client=web)
    handler.client.wss_uri = url
    watch = Watch(handler.client, link, clock)
    connecting = asyncio.create_task(handler.connect_async())  # type: ignore[no-untyped-call]
    try:
        yield Loop("socket", watch.tick, watch.next_at, clock)
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
        connecting.cancel()
        await asyncio.wait({connecting})


async def _address(web: AsyncWebClient, token: str) -> str | None:
    """Where to connect, used up by one connection; None while Slack does not answer."""
    try:
        async with told_apart():
            answer = await web.apps_connections_open(app_token=token)
    except SlackError as problem:
        if problem.kind in ("refused", "barred"):
            raise KitestringError(
                f"Slack refuses SLACK_APP_TOKEN ({problem.code}).",
                "Make an app-level token with the scope connections:write, and switch Socket Mode on.",
            ) from problem
        log.warning("Slack does not answer; going on trying", error=problem.code)
        return None
    return str(answer["url"])


class Watch:
    """Looks every five seconds whether the connection is up."""

    def __init__(self, client: SocketModeClient, link: ConnectionState, clock: Clock) -> None:
        self._client = client
        self._link = link
        self._clock = clock

    async def tick(self) -> int:
        """Note how it is."""
        if await self._client.is_connected():
            self._link.up()
        else:
            self._link.down()
            # Slack's client would knock at the same used-up address for ever.
            self._client.wss_uri = None
        return 0

    async def next_at(self) -> datetime:
        return self._clock.now() + LOOK
