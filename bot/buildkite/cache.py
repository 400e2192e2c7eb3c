"""A list that is remembered for a short while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.errors import Unavailable
from bot.runtime.clock import Clock

T = TypeVar("T")
Read = Callable[[], Awaitable[tuple[T, ...]]]


class CachedList(Generic[T]):
    """Read again when it is older than `seconds`, by one reader at a time.

    `slowly` reads it where nobody waits for all of it: a long list takes more requests than a person's patience.
    """

    def __init__(self, read: Read[T], seconds: float, clock: Clock, slowly: Read[T] | None = None) -> None:
        self._read = read
        self._slowly = slowly or read
        self._seconds = seconds
        self._clock = clock
        self._lock = asyncio.Lock()
        self._kept: tuple[T, ...] | None = None
        self._until = 0.0
        self._reading: asyncio.Task[tuple[T, ...]] | None = None

    async def get(self) -> tuple[T, ...]:
        """The list; an old one when Buildkite is not available."""
        return await self._got(self._read)

    async def soon(self) -> tuple[T, ...]:
        """What is remembered, however old: then it is read again for the next one who asks.

        Where nothing is remembered yet, whoever gives up waiting leaves the reading to go on.
        """
        if self._kept is not None and not self._old():
            return self._kept
        reading = self.refresh()
        return self._kept if self._kept is not None else await asyncio.shield(reading)

    def refresh(self) -> asyncio.Task[tuple[T, ...]]:
        """Have it read behind, where it is old; nobody has to wait for it."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._got(self._slowly))
            self._reading.add_done_callback(_heard)
        return self._reading

    async def _got(self, read: Read[T]) -> tuple[T, ...]:
        async with self._lock:
            if self._kept is None or self._old():
                self._kept = await self._fresh(read)
                self._until = self._clock.monotonic() + self._seconds
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

    async def _fresh(self, read: Read[T]) -> tuple[T, ...]:
        try:
            return await read()
        except Unavailable:
            if self._kept is None:
                raise
            return self._kept


def _heard(task: asyncio.Task[tuple[T, ...]]) -> None:
    """Why a reading behind a menu failed is told to whoever waits for it; where nobody does, to nobody."""
    if not task.cancelled():
        task.exception()
