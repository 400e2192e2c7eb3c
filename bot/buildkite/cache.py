"""Caches a list for a short time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.errors import Unavailable
from bot.runtime.clock import Clock

T = TypeVar("T")
Read = Callable[[], Awaitable[tuple[T, ...]]]


class CachedList(Generic[T]):
    """A list that is read again once it's older than `seconds`, by one reader at a time.

    `read_patiently` reads it in the background: a long list takes more requests than a person would wait for.
    """

    def __init__(self, read: Read[T], seconds: float, clock: Clock, read_patiently: Read[T] | None = None) -> None:
        self._read = read
        self._read_patiently = read_patiently or read
        self._seconds = seconds
        self._clock = clock
        self._lock = asyncio.Lock()
        self._items: tuple[T, ...] | None = None
        self._expires_at = 0.0
        self._refresh_task: asyncio.Task[tuple[T, ...]] | None = None

    async def get(self) -> tuple[T, ...]:
        """Return the list, or an outdated one while Buildkite is unavailable."""
        return await self._load(self._read)

    async def get_available(self) -> tuple[T, ...]:
        """Return the cached list, however old, and refresh an outdated one in the background.

        With nothing cached yet, wait for the read; a caller that gives up doesn't cancel it.
        """
        if self._items is not None and not self._is_expired():
            return self._items
        refresh_task = self.refresh()
        return self._items if self._items is not None else await asyncio.shield(refresh_task)

    def refresh(self) -> asyncio.Task[tuple[T, ...]]:
        """Start to refresh an outdated list in the background; return the task of the read."""
        if self._refresh_task is None or self._refresh_task.done():
            self._refresh_task = asyncio.create_task(self._load(self._read_patiently))
            self._refresh_task.add_done_callback(_retrieve_exception)
        return self._refresh_task

    async def _load(self, read: Read[T]) -> tuple[T, ...]:
        async with self._lock:
            if self._items is None or self._is_expired():
                self._items = await self._read_or_keep(read)
                self._expires_at = self._clock.monotonic() + self._seconds
            return self._items

    def peek(self, seconds: float) -> tuple[T, ...]:
        """Return the cached list if it's at most `seconds` old, else nothing; never read."""
        read_at = self._expires_at - self._seconds
        recent = self._items is not None and self._clock.monotonic() < read_at + seconds
        return self._items or () if recent else ()

    def forget(self) -> None:
        """Make the next caller read again; the old list still serves while Buildkite is unavailable."""
        self._expires_at = 0.0

    def drop(self) -> None:
        """Forget the cached list entirely."""
        self._items, self._expires_at = None, 0.0

    def _is_expired(self) -> bool:
        return self._clock.monotonic() >= self._expires_at

    async def _read_or_keep(self, read: Read[T]) -> tuple[T, ...]:
        try:
            return await read()
        except Unavailable:
            if self._items is None:
                raise
            return self._items


def _retrieve_exception(task: asyncio.Task[tuple[T, ...]]) -> None:
    """Mark the task's exception as retrieved, so that asyncio doesn't log it if no caller waits for the task."""
    if not task.cancelled():
        task.exception()
