"""The emoji of the organization, remembered for a day and never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from bot.buildkite.endpoints.organization import Emoji
from bot.errors import KitestringError
from bot.runtime.clock import Clock
from bot.slack.blockkit import emoji_codes
from bot.slack.blockkit.blocks import Message

KEPT_FOR = 24 * 3600.0
AGAIN_AFTER = 600.0


class EmojiCache:
    """Until the list has come, and where it does not come, codes stay as Buildkite writes them."""

    def __init__(self, read: Callable[[], Awaitable[Iterable[Emoji]]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._names: dict[str, str] = {}
        self._next = 0.0
        self._reading: asyncio.Task[None] | None = None

    def shown(self, message: Message) -> Message:
        """The message with the codes that are known; a list that is too old is read again meanwhile."""
        if not emoji_codes.coded(message):
            return message
        now = self._clock.monotonic()
        if now >= self._next:
            self._next = now + AGAIN_AFTER
            self._reading = asyncio.create_task(self._again())
        return emoji_codes.shown(message, self._names) if self._names else message

    async def settled(self) -> None:
        """Wait for a reading that is under way."""
        if self._reading:
            await self._reading

    async def _again(self) -> None:
        with suppress(KitestringError):
            found = [
                emoji_codes.NamedEmoji((item.name, *item.aliases), emoji_codes.character(item.url))
                for item in await self._read()
            ]
            self._names = emoji_codes.names(found)
            self._next = self._clock.monotonic() + KEPT_FOR
