"""A naive bot: each event is one `chat.update`, in order of arrival."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.session import open_session
from simulators.buildkite.models import Build
from simulators.slack.models import Channel, Message
from simulators.slack.sim import SlackSim


class Backlog(NamedTuple):
    """Events that aren't shown yet, and how long ago the one shown now happened."""

    at: float
    events: int
    seconds: float


class NaiveBot:
    """Updates its own workspace on each event."""

    def __init__(self, slack: SlackSim, channel: Channel) -> None:
        self._slack = slack
        self._channel = channel
        self._cards: dict[str, Message] = {}
        self._queue: deque[tuple[float, Build]] = deque()
        self._more = asyncio.Event()
        self.calls = 0
        self.shown = 0

    def enqueue(self, build: Build, at: float) -> None:
        """Queue an event of that build, at that time of the loop."""
        if build.id not in self._cards:
            self._cards[build.id] = self._slack.post(self._slack.make_bot_message(self._channel.id, build.id))
        self._queue.append((at, build))
        self._more.set()

    def measure_backlog(self, now: float) -> Backlog:
        """Return the current backlog."""
        return Backlog(now, len(self._queue), now - self._queue[0][0] if self._queue else 0.0)

    async def run(self) -> None:
        """Send one call after another until cancelled, waiting when Slack asks it to."""
        async with open_session(10) as connections:
            client = AsyncWebClient(
                token=self._slack.bot_token, base_url=f"{self._slack.base_url}/api/", session=connections
            )
            client.retry_handlers.clear()
            while True:
                await self._more.wait()
                await self._send_next(client)
                if not self._queue:
                    self._more.clear()

    async def _send_next(self, client: AsyncWebClient) -> None:
        _at, build = self._queue[0]
        self.calls += 1
        try:
            await client.chat_update(
                channel=self._channel.id, ts=self._cards[build.id].ts, text=f"{build.number}: {build.state}"
            )
        except SlackApiError as refused:
            await asyncio.sleep(int(refused.response.headers.get("Retry-After", 1)))
        else:
            self._queue.popleft()
            self.shown += 1
