"""Request budget of one token: requests start in the order of their purposes, people's first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bot.buildkite.request_order import MINUTE, Demand, Purpose, list_changes, may_start
from bot.errors import BudgetUsedUp
from bot.runtime.clock import Clock

SAME_WINDOW_SECONDS = 5.0
# A loop that comes back sooner would find that no time has passed.
_SHORTEST_RETRY_SECONDS = 0.01


@dataclass(frozen=True)
class BudgetWindow:
    """Remaining requests of one limit until it resets; times are `Clock.monotonic` seconds."""

    limit: int
    remaining: int
    resets_at: float

    def count_left(self, now: float) -> int:
        """Return how many requests may still start in the minute that `now` falls into."""
        return self.limit if now >= self.resets_at else self.remaining

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
    demand: Demand = field(default_factory=Demand)

    @property
    def limit(self) -> int:
        """Requests that the tighter limit allows a minute."""
        return min(self.user.limit, self.organization.limit)

    def count_left(self, now: float) -> int:
        """Return how many requests Buildkite still allows in this minute."""
        return min(self.user.count_left(now), self.organization.count_left(now))

    def compute_delay(self, now: float, purpose: Purpose) -> float:
        """Return the seconds until a request may start, unless something else happens; zero means now."""
        ends = (self.held_until, self.user.resets_at, self.organization.resets_at)
        later = [at for at in ends if at > now] + list_changes(purpose, self.demand, now)
        return next((at - now for at in (now, *sorted(later)) if self._may_start(at, purpose)), MINUTE)

    def _may_start(self, at: float, purpose: Purpose) -> bool:
        return at >= self.held_until and may_start(purpose, self.demand, self.count_left(at), self.limit, at)

    def start(self, now: float, purpose: Purpose) -> BudgetState:
        """Return the state after a request has started."""
        return replace(
            self,
            user=self.user.spend(now),
            organization=self.organization.spend(now),
            in_flight=self.in_flight + 1,
            demand=self.demand.start(now, purpose),
        )

    def wait(self, now: float, purpose: Purpose, seconds: float) -> BudgetState:
        """Return the state after a request wasn't allowed to start, and will be back in so many seconds."""
        return replace(self, demand=self.demand.wait(now, purpose, seconds))

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

    def __init__(self, purpose: Purpose) -> None:
        self.purpose = purpose
        self.granted = False


class Budget:
    """Lets requests start in turn: `async with budget.wait_for_turn(Purpose.PEOPLE, patience=8): …`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._state = BudgetState()
        self._waiters: list[_Waiter] = []

    @property
    def limit(self) -> int:
        """Requests that may start in a minute."""
        return self._state.limit

    @asynccontextmanager
    async def wait_for_turn(self, purpose: Purpose, *, patience: float) -> AsyncIterator[None]:
        """Wait for a turn for at most `patience` seconds; raise BudgetUsedUp(retry_after) if that isn't enough."""
        await self._wait_in_queue(purpose, self._clock.monotonic() + patience)
        try:
            yield
        finally:
            self._state = self._state.end()

    def compute_delay(self, purpose: Purpose) -> float:
        """Return the seconds until a request for this purpose may start; zero means now."""
        return self._state.compute_delay(self._clock.monotonic(), purpose)

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

    async def _wait_in_queue(self, purpose: Purpose, until: float) -> None:
        waiter = _Waiter(purpose)
        self._waiters.append(waiter)
        with ExitStack() as given_up:
            given_up.callback(self._give_back, waiter)
            self._grant()
            while not waiter.granted:
                await self._clock.sleep(self._compute_wait(waiter, until))
                if purpose is not Purpose.PEOPLE:
                    await asyncio.sleep(0)  # let people's requests that wake at the same moment go first
                self._grant()
            given_up.pop_all()

    def _give_back(self, waiter: _Waiter) -> None:
        """Leave the queue, or return the turn that was granted just before the waiter was cancelled."""
        if waiter.granted:
            self._state = self._state.end()
        else:
            self._waiters.remove(waiter)

    def _compute_wait(self, waiter: _Waiter, until: float) -> float:
        now = self._clock.monotonic()
        wait = self._state.compute_delay(now, waiter.purpose)
        self._state = self._state.wait(now, waiter.purpose, wait)
        if now + wait > until:
            raise BudgetUsedUp(
                "Buildkite's request limit for this minute is used up.",
                f"Try again in {wait:.0f} seconds.",
                retry_after=max(wait, _SHORTEST_RETRY_SECONDS),
            )
        return wait

    def _grant(self) -> None:
        """Start the requests that may start now, in the order of their purposes, then as they came."""
        now = self._clock.monotonic()
        for waiter in sorted(self._waiters, key=lambda waiter: waiter.purpose):
            if self._state.compute_delay(now, waiter.purpose) == 0:
                self._waiters.remove(waiter)
                waiter.granted = True
                self._state = self._state.start(now, waiter.purpose)
