"""Runs loops that tick when they are woken or when something is due, and survive any error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.errors import KitestringError
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.runtime.token_bucket import backoff_seconds

# A loop with nothing planned still ticks this often, in case a wake-up was lost, and never more often than the
# minimum, in case `next_at` keeps naming a time in the past.
IDLE_SECONDS = 15.0
_MIN_WAIT_SECONDS = 0.2
# After failures the delay doubles up to this: when the database is back, work resumes within seconds.
_MAX_BACKOFF_SECONDS = 5.0


class LoopName(StrEnum):
    """Names of the loops. They're sent between replicas and logged, so the values never change."""

    INBOX = "inbox"
    POLLER = "sweep"
    READ_INTAKE = "reads"
    CARDS = "writer"
    REPLIES = "replies"
    CATCH_UP = "patrol"
    JOB_DETAILS = "jobs"
    FAILURES = "findings"
    SUBSCRIPTION_FILE = "subscriptions"
    RECOVERY = "recovery"
    PROPOSALS = "proposals"
    APPROVED_PROPOSALS = "approved"
    WAITING_STEPS = "waiting"
    REMINDERS = "reminders"
    HOME = "home"
    RETENTION = "housekeeping"
    ACCOUNT_UPKEEP = "upkeep"
    CLOCK_WATCH = "clock"
    ALLOWLIST = "origins"
    POLICY_FILE = "policy"
    LEADERSHIP = "lease"
    SOCKET = "socket"


class Ticking(Protocol):
    """Work in bounded portions: `tick` returns how much was done, `next_at` when more is due."""

    async def tick(self) -> int: ...

    async def next_at(self) -> datetime | None: ...


class Loop:
    """Calls `tick` until it is stopped. `wake` may be called from anywhere in the event loop.

    After a wake-up it waits `wake_delay` seconds, so that other loops can finish with the same event and further
    ones can join the tick. `min_interval` is the least time between the starts of two ticks, in seconds: what
    arrives meanwhile is handled together by the next one.
    """

    def __init__(
        self,
        name: LoopName,
        tick: Callable[[], Awaitable[int]],
        next_at: Callable[[], Awaitable[datetime | None]],
        clock: Clock,
        wake_delay: float = 0.0,
        min_interval: float = 0.0,
    ) -> None:
        self._wake_delay = wake_delay
        self._min_interval = min_interval
        self.name = name
        self._tick = tick
        self._next_at = next_at
        self._clock = clock
        self._woken = asyncio.Event()
        self._stopped = False

    def wake(self) -> None:
        """Tick soon: there may be something to do."""
        self._woken.set()

    def stop(self) -> None:
        """End after the current tick."""
        self._stopped = True
        self._woken.set()

    @property
    def is_woken(self) -> bool:
        """Return whether it was woken since its last tick began."""
        return self._woken.is_set()

    async def tick(self) -> int:
        """Do one portion of the work now; return how much was done."""
        # Cleared before the work: a wake-up during it may be about something that it has already passed.
        self._woken.clear()
        return await self._tick()

    async def next_at(self) -> datetime | None:
        """Return when more is due; None if nothing is planned."""
        return await self._next_at()

    async def run(self) -> None:
        """Tick, then wait until woken or until something is due; repeat until stopped."""
        failures = 0
        while not self._stopped:
            earliest_next = self._clock.monotonic() + self._min_interval
            try:
                done = await run_guarded(self.tick(), self.name)
                failures = 0
                wait = 0.0 if done else await self._seconds_until_due()
            except KitestringError:
                failures += 1
                wait = backoff_seconds(failures, base=0.5, longest=_MAX_BACKOFF_SECONDS)
            await self._wait(wait)
            if not self._stopped:
                await self._clock.sleep(earliest_next - self._clock.monotonic())

    async def _seconds_until_due(self) -> float:
        due = await self.next_at()
        if due is None:
            return IDLE_SECONDS
        return min(max((due - self._clock.now()).total_seconds(), _MIN_WAIT_SECONDS), IDLE_SECONDS)

    async def _wait(self, seconds: float) -> None:
        if seconds <= 0 or self._stopped:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        if not self._stopped:
            await self._clock.sleep(self._wake_delay)
