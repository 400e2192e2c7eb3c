"""Request budget of one token: people go first, and background work never uses up their reserve."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from bot.errors import Unavailable
from bot.runtime.clock import Clock

# Seconds: Buildkite's limits count requests a minute. https://buildkite.com/docs/apis/rest-api/limits
MINUTE = 60.0
# Background work leaves this many of the user's 50 requests a minute to people, and starts at most 30 itself.
PEOPLE_RESERVE = 20
BACKGROUND_PER_MINUTE = 30
SAME_WINDOW_SECONDS = 5.0


@dataclass(frozen=True)
class BudgetWindow:
    """Remaining requests of one limit until it resets; times are `Clock.monotonic` seconds."""

    limit: int
    remaining: int
    resets_at: float

    def count_left(self, now: float) -> int:
        """Return how many requests may still start in the minute that `now` falls into."""
        return self.limit if now >= self.resets_at else self.remaining

    def compute_wait(self, now: float, reserve: int) -> float:
        """Return the seconds until more than `reserve` requests are left."""
        return 0.0 if self.count_left(now) > reserve else self.resets_at - now

    def spend(self, now: float) -> BudgetWindow:
        """Return the window after one more request has started."""
        if now >= self.resets_at:
            return BudgetWindow(self.limit, self.limit - 1, now + MINUTE)
        return replace(self, remaining=max(self.remaining - 1, 0))

    def merge_report(self, reported: BudgetWindow, in_flight: int) -> BudgetWindow:
        """Return the window after a response reported its own, which doesn't count the requests still `in_flight`.

        Responses overtake each other, so within one minute the smaller number counts. If Buildkite reports another
        limit than the assumed one, its number replaces the estimate.
        """
        left = max(reported.remaining - in_flight, 0)
        if reported.limit == self.limit and abs(reported.resets_at - self.resets_at) < SAME_WINDOW_SECONDS:
            left = min(left, self.remaining)
        return replace(reported, remaining=left)


@dataclass(frozen=True)
class BudgetState:
    """State that decides whether a request may start.

    https://buildkite.com/docs/apis/rest-api/limits
    """

    user: BudgetWindow = BudgetWindow(50, 50, 0.0)
    organization: BudgetWindow = BudgetWindow(200, 200, 0.0)
    held_until: float = 0.0
    in_flight: int = 0
    background_starts: tuple[float, ...] = ()

    def compute_delay(self, now: float, urgent: bool) -> float:
        """Return the seconds until a request may start; zero means now."""
        reserve = 0 if urgent else PEOPLE_RESERVE
        waits = [
            self.held_until - now,
            self.user.compute_wait(now, reserve),
            self.organization.compute_wait(now, reserve),
        ]
        recent = [start for start in self.background_starts if start > now - MINUTE]
        if not urgent and len(recent) >= BACKGROUND_PER_MINUTE:
            waits.append(recent[-BACKGROUND_PER_MINUTE] + MINUTE - now)
        return max(0.0, *waits)

    def start(self, now: float, urgent: bool) -> BudgetState:
        """Return the state after a request has started."""
        recent = tuple(start for start in self.background_starts if start > now - MINUTE)
        return replace(
            self,
            user=self.user.spend(now),
            organization=self.organization.spend(now),
            in_flight=self.in_flight + 1,
            background_starts=recent if urgent else (*recent, now),
        )

    def end(self) -> BudgetState:
        """Return the state after a request has ended, answered or not."""
        return replace(self, in_flight=self.in_flight - 1)

    def apply_headers(self, headers: Mapping[str, str], now: float) -> BudgetState:
        """Return the state after the headers of a response; unreadable ones change nothing."""
        user, org = parse_window(headers, "RateLimit-User-", now), parse_window(headers, "RateLimit-", now)
        return replace(
            self,
            user=self.user.merge_report(user, self.in_flight) if user else self.user,
            organization=self.organization.merge_report(org, self.in_flight) if org else self.organization,
        )

    def hold(self, seconds: float, now: float) -> BudgetState:
        """Return the state after a 429, during which nothing starts for `seconds`."""
        return replace(self, held_until=max(self.held_until, now + seconds))


def parse_window(headers: Mapping[str, str], prefix: str, now: float) -> BudgetWindow | None:
    """Parse one of the two sets of rate limit headers; `Reset` is in seconds from now, not a Unix time."""
    try:
        limit, remaining, reset = (int(headers[prefix + name]) for name in ("Limit", "Remaining", "Reset"))
    except (KeyError, ValueError):
        return None
    return BudgetWindow(limit, remaining, now + reset)


class BudgetSnapshot(NamedTuple):
    """Requests left and seconds until the limit resets, for displays; `held` is what remains of a 429's pause."""

    remaining: int
    limit: int
    reset: float
    held: float


class _Waiter:
    """A request waiting to start."""

    def __init__(self, urgent: bool) -> None:
        self.urgent = urgent
        self.granted = False


class Budget:
    """Lets requests start in turn: `async with budget.wait_for_turn(urgent=True, patience=8): …`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._state = BudgetState()
        self._people: deque[_Waiter] = deque()
        self._background: deque[_Waiter] = deque()

    @asynccontextmanager
    async def wait_for_turn(self, *, urgent: bool, patience: float) -> AsyncIterator[None]:
        """Wait for a turn for at most `patience` seconds; raise Unavailable(retry_after) if that isn't enough."""
        await self._wait_in_queue(urgent, self._clock.monotonic() + patience)
        try:
            yield
        finally:
            self._state = self._state.end()

    def apply_headers(self, headers: Mapping[str, str]) -> None:
        """Update the budget from a response's headers, during its turn or later."""
        self._state = self._state.apply_headers(headers, self._clock.monotonic())

    def hold(self, seconds: float) -> None:
        """Start nothing for `seconds`, because Buildkite answered 429."""
        self._state = self._state.hold(seconds, self._clock.monotonic())

    def snapshot(self) -> BudgetSnapshot:
        """Return the remaining requests by the tighter of the two limits."""
        now, state = self._clock.monotonic(), self._state
        tight = min(state.user, state.organization, key=lambda window: window.count_left(now))
        reset, held = max(tight.resets_at - now, 0.0), max(state.held_until - now, 0.0)
        return BudgetSnapshot(tight.count_left(now), tight.limit, reset, held)

    async def _wait_in_queue(self, urgent: bool, until: float) -> None:
        waiter = _Waiter(urgent)
        queue = self._people if urgent else self._background
        queue.append(waiter)
        with ExitStack() as given_up:
            given_up.callback(self._give_back, waiter, queue)
            self._grant()
            while not waiter.granted:
                await self._clock.sleep(self._compute_wait(waiter, until))
                if not urgent:
                    await asyncio.sleep(0)  # let people's requests that wake at the same moment go first
                self._grant()
            given_up.pop_all()

    def _give_back(self, waiter: _Waiter, queue: deque[_Waiter]) -> None:
        """Leave the queue, or return the turn that was granted just before the waiter was cancelled."""
        if waiter.granted:
            self._state = self._state.end()
        else:
            queue.remove(waiter)

    def _compute_wait(self, waiter: _Waiter, until: float) -> float:
        now = self._clock.monotonic()
        behind_people = self._state.compute_delay(now, True) if self._people else 0.0
        wait = max(self._state.compute_delay(now, waiter.urgent), behind_people)
        if now + wait > until:
            raise Unavailable(
                "Buildkite's request limit for this minute is used up.",
                f"Try again in {wait:.0f} seconds.",
                retry_after=wait,
            )
        return wait

    def _grant(self) -> None:
        for queue in self._eligible_queues():
            while queue and self._state.compute_delay(self._clock.monotonic(), queue[0].urgent) == 0:
                waiter = queue.popleft()
                waiter.granted = True
                self._state = self._state.start(self._clock.monotonic(), waiter.urgent)

    def _eligible_queues(self) -> Iterable[deque[_Waiter]]:
        yield self._people
        if not self._people:
            yield self._background
