"""Caches the organization's custom emoji for a day; a message never waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from bot.buildkite.endpoints.organization import Emoji
from bot.errors import KitestringError
from bot.runtime.clock import Clock
from bot.slack.blockkit import emoji_codes
from bot.slack.blockkit.blocks import Message

REFRESH_SECONDS = 24 * 3600.0
RETRY_SECONDS = 600.0


class EmojiCache:
    """Replaces Buildkite's emoji codes. Without the list, codes stay as Buildkite writes them."""

    def __init__(self, read: Callable[[], Awaitable[Iterable[Emoji]]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._names: dict[str, str] = {}
        self._next_read = 0.0
        self._reading: asyncio.Task[None] | None = None

    def replace_emoji_codes(self, message: Message) -> Message:
        """Return the message with known codes replaced; a list that is too old is read again in the background."""
        if not emoji_codes.has_codes(message):
            return message
        now = self._clock.monotonic()
        if now >= self._next_read:
            self._next_read = now + RETRY_SECONDS
            self._reading = asyncio.create_task(self._refresh())
        return emoji_codes.draw_codes_in_tables(emoji_codes.replace_codes(message, self._names))

    async def wait_for_read(self) -> None:
        """Wait for a read that is under way."""
        if self._reading:
            await self._reading

    async def _refresh(self) -> None:
        with suppress(KitestringError):
            emojis = [
                emoji_codes.NamedEmoji((item.name, *item.aliases), emoji_codes.find_character(item.url))
                for item in await self._read()
            ]
            self._names = emoji_codes.map_names(emojis)
            self._next_read = self._clock.monotonic() + REFRESH_SECONDS
