"""The emoji of the organization, remembered for a day and never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from bot.buildkite.emojis import Emoji
from bot.clock import Clock
from bot.core import emoji
from bot.core.blocks import Message
from bot.errors import KitestringError

KEPT_FOR = 24 * 3600.0
AGAIN_AFTER = 600.0


class Emojis:
    """Until the list has come, and where it does not come, codes stay as Buildkite writes them."""

    def __init__(self, read: Callable[[], Awaitable[Iterable[Emoji]]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._names: dict[str, str] = {}
        self._next = 0.0
        self._reading: asyncio.Task[None] | None = None

    def shown(self, message: Message) -> Message:
        """The message with the codes that are known; a list that is too old is read again meanwhile."""
        if not emoji.coded(message):
            return message
        now = self._clock.monotonic()
        if now >= self._next:
            self._next = now + AGAIN_AFTER
            self._reading = asyncio.create_task(self._again())
        return emoji.shown(message, self._names) if self._names else message

    async def settled(self) -> None:
        """Wait for a reading that is under way."""
        if self._reading:
            await self._reading

    async def _again(self) -> None:
        with suppress(KitestringError):
            found = [emoji.Known((one.name, *one.aliases), emoji.character(one.url)) for one in await self._read()]
            self._names = emoji.names(found)
            self._next = self._clock.monotonic() + KEPT_FOR
