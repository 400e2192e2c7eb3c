"""A list that is remembered for a short while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from bot.clock import Clock
from bot.errors import KitestringError, Unavailable

T = TypeVar("T")


class Shelf(Generic[T]):
    """Read again when it is older than `seconds`, by one reader at a time."""

    def __init__(self, read: Callable[[], Awaitable[tuple[T, ...]]], seconds: float, clock: Clock) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._lock = asyncio.Lock()
        self._kept: tuple[T, ...] | None = None
        self._until = 0.0
        self._reading: asyncio.Task[None] | None = None

    async def get(self) -> tuple[T, ...]:
        """The list; an old one when Buildkite is not available."""
        async with self._lock:
            if self._kept is None or self._old():
                self._kept = await self._fresh()
                self._until = self._clock.monotonic() + self._seconds
            return self._kept

    async def soon(self) -> tuple[T, ...]:
        """What is remembered, however old: then it is read again for the next one who asks."""
        if self._kept is None:
            return await self.get()
        if self._old() and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._again())
        return self._kept

    def peek(self, seconds: float) -> tuple[T, ...]:
        """What is remembered, if it is at most that old; nothing is read."""
        read_at = self._until - self._seconds
        recent = self._kept is not None and self._clock.monotonic() < read_at + seconds
        return self._kept or () if recent else ()

    def forget(self) -> None:
        """Read again next time."""
        self._until = 0.0

    def drop(self) -> None:
        """Forget what is remembered as well."""
        self._kept, self._until = None, 0.0

    def _old(self) -> bool:
        return self._clock.monotonic() >= self._until

    async def _again(self) -> None:
        with suppress(KitestringError):
            await self.get()

    async def _fresh(self) -> tuple[T, ...]:
        try:
            return await self._read()
        except Unavailable:
            if self._kept is None:
                raise
            return self._kept
