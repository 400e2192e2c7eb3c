"""One budget of requests for the token: people go first, background work never eats their reserve."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from bot.errors import Unavailable
from bot.runtime.clock import Clock

MINUTE = 60.0
RESERVE = 20
PATIENT_PER_MINUTE = 30
SAME_WINDOW = 5.0


@dataclass(frozen=True)
class Window:
    """What is left of one limit until it is renewed; times are `Clock.monotonic` seconds."""

    limit: int
    remaining: int
    resets_at: float

    def left(self, now: float) -> int:
        """Requests that may still start in the minute that `now` falls into."""
        return self.limit if now >= self.resets_at else self.remaining

    def wait(self, now: float, keep: int) -> float:
        """Seconds until more than `keep` are left."""
        return 0.0 if self.left(now) > keep else self.resets_at - now

    def spend(self, now: float) -> Window:
        """After one more request has started."""
        if now >= self.resets_at:
            return Window(self.limit, self.limit - 1, now + MINUTE)
        return replace(self, remaining=max(self.remaining - 1, 0))

    def hear(self, told: Window, under_way: int) -> Window:
        """After an answer: what it tells does not count the requests that are `under_way`.

        Within one minute the smaller number counts, since answers overtake each other; of another limit than the
        one that was assumed, what is told counts.
        """
        left = max(told.remaining - under_way, 0)
        if told.limit == self.limit and abs(told.resets_at - self.resets_at) < SAME_WINDOW:
            left = min(left, self.remaining)
        return replace(told, remaining=left)


@dataclass(frozen=True)
class Ledger:
    """All that decides whether a request may start.

    https://buildkite.com/docs/apis/rest-api/limits
    """

    user: Window = Window(50, 50, 0.0)
    organization: Window = Window(200, 200, 0.0)
    held_until: float = 0.0
    under_way: int = 0
    patient: tuple[float, ...] = ()

    def delay(self, now: float, urgent: bool) -> float:
        """Seconds until a request may start; zero means now."""
        keep = 0 if urgent else RESERVE
        waits = [self.held_until - now, self.user.wait(now, keep), self.organization.wait(now, keep)]
        recent = [start for start in self.patient if start > now - MINUTE]
        if not urgent and len(recent) >= PATIENT_PER_MINUTE:
            waits.append(recent[-PATIENT_PER_MINUTE] + MINUTE - now)
        return max(0.0, *waits)

    def start(self, now: float, urgent: bool) -> Ledger:
        """After a request has started."""
        recent = tuple(start for start in self.patient if start > now - MINUTE)
        return replace(
            self,
            user=self.user.spend(now),
            organization=self.organization.spend(now),
            under_way=self.under_way + 1,
            patient=recent if urgent else (*recent, now),
        )

    def end(self) -> Ledger:
        """After a request has ended, answered or not."""
        return replace(self, under_way=self.under_way - 1)

    def hear(self, headers: Mapping[str, str], now: float) -> Ledger:
        """After the headers of an answer; unreadable ones change nothing."""
        user, org = told(headers, "RateLimit-User-", now), told(headers, "RateLimit-", now)
        return replace(
            self,
            user=self.user.hear(user, self.under_way) if user else self.user,
            organization=self.organization.hear(org, self.under_way) if org else self.organization,
        )

    def hold(self, seconds: float, now: float) -> Ledger:
        """After a 429: nothing starts for that long."""
        return replace(self, held_until=max(self.held_until, now + seconds))


def told(headers: Mapping[str, str], prefix: str, now: float) -> Window | None:
    """One of the two sets of headers; `Reset` is seconds to go, not an epoch."""
    try:
        limit, remaining, reset = (int(headers[prefix + name]) for name in ("Limit", "Remaining", "Reset"))
    except (KeyError, ValueError):
        return None
    return Window(limit, remaining, now + reset)


class Snapshot(NamedTuple):
    """What a status line shows: requests left, and seconds until there are more."""

    remaining: int
    limit: int
    reset: float
    held: float


class _Waiter:
    """A request that wants to start."""

    def __init__(self, urgent: bool) -> None:
        self.urgent = urgent
        self.granted = False


class Budget:
    """Gives requests their turn: `async with budget.turn(urgent=True, patience=8): …`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ledger = Ledger()
        self._people: deque[_Waiter] = deque()
        self._background: deque[_Waiter] = deque()

    @asynccontextmanager
    async def turn(self, *, urgent: bool, patience: float) -> AsyncIterator[None]:
        """Wait for a turn of at most `patience` seconds; raises Unavailable(retry_after) if it is longer."""
        await self._queue(urgent, self._clock.monotonic() + patience)
        try:
            yield
        finally:
            self._ledger = self._ledger.end()

    def hear(self, headers: Mapping[str, str]) -> None:
        """Learn from the headers of an answer, within its turn or after it."""
        self._ledger = self._ledger.hear(headers, self._clock.monotonic())

    def hold(self, seconds: float) -> None:
        """Buildkite answered 429: nobody starts for that long."""
        self._ledger = self._ledger.hold(seconds, self._clock.monotonic())

    def snapshot(self) -> Snapshot:
        """What is left now, by the tighter of the two limits."""
        now, ledger = self._clock.monotonic(), self._ledger
        tight = min(ledger.user, ledger.organization, key=lambda window: window.left(now))
        reset, held = max(tight.resets_at - now, 0.0), max(ledger.held_until - now, 0.0)
        return Snapshot(tight.left(now), tight.limit, reset, held)

    async def _queue(self, urgent: bool, until: float) -> None:
        waiter = _Waiter(urgent)
        queue = self._people if urgent else self._background
        queue.append(waiter)
        with ExitStack() as given_up:
            given_up.callback(self._give_back, waiter, queue)
            self._grant()
            while not waiter.granted:
                await self._clock.sleep(self._wait(waiter, until))
                if not urgent:
                    await asyncio.sleep(0)  # people who wake at the same moment go first
                self._grant()
            given_up.pop_all()

    def _give_back(self, waiter: _Waiter, queue: deque[_Waiter]) -> None:
        """Whoever gives up leaves the queue, or the turn that was granted meanwhile."""
        if waiter.granted:
            self._ledger = self._ledger.end()
        else:
            queue.remove(waiter)

    def _wait(self, waiter: _Waiter, until: float) -> float:
        now = self._clock.monotonic()
        behind_people = self._ledger.delay(now, True) if self._people else 0.0
        wait = max(self._ledger.delay(now, waiter.urgent), behind_people)
        if now + wait > until:
            raise Unavailable(
                "Buildkite's limit of requests per minute is used up.",
                f"Try again in {wait:.0f} seconds.",
                retry_after=wait,
            )
        return wait

    def _grant(self) -> None:
        for queue in self._queues():
            while queue and self._ledger.delay(self._clock.monotonic(), queue[0].urgent) == 0:
                waiter = queue.popleft()
                waiter.granted = True
                self._ledger = self._ledger.start(self._clock.monotonic(), waiter.urgent)

    def _queues(self) -> Iterable[deque[_Waiter]]:
        yield self._people
        if not self._people:
            yield self._background
