"""Provides the only source of time: the system's clock, or one that a test moves by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The source of time that everything else is given, so that tests can control it."""

    def now(self) -> datetime:
        """Return the wall time, in UTC and with a time zone: for signatures, rows and people."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards: for pacing and deadlines."""

    async def sleep(self, seconds: float) -> None:
        """Wait; return at once for zero or less."""


class SystemClock:
    """The system's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0))


class ManualClock:
    """A clock that stands still until `advance` moves it; sleepers wake in the order of their deadlines."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._elapsed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._sleeper_added = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), wake))
        self._sleeper_added.set()
        await wake

    async def wait_for_sleepers(self, count: int) -> None:
        """Return as soon as `count` tasks are sleeping."""
        while sum(not wake.done() for *_deadline, wake in self._sleepers) < count:
            self._sleeper_added.clear()
            await self._sleeper_added.wait()

    def advance(self, seconds: float) -> None:
        """Move wall and monotonic time forward and wake the sleepers whose deadline has passed."""
        self._now += timedelta(seconds=seconds)
        self._elapsed += seconds
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            wake = heapq.heappop(self._sleepers)[2]
            if not wake.done():
                wake.set_result(None)

    def jump(self, seconds: float) -> None:
        """Move only the wall clock, forward or back, as an administrator or NTP would."""
        self._now += timedelta(seconds=seconds)
