"""Paces the reads of states: few builds are read at once, many are collected until a list answers for them."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.buildkite.request_budget import Budget
from bot.errors import BudgetUsedUp
from bot.runtime.clock import Clock
from bot.runtime.token_bucket import TokenBucket, full_bucket

# The share of a minute's requests that reads of states take in the long run, and that they may take at once. A
# build that changes on its own is read at once; while many change, a list every few seconds is enough.
_RATE, _BURST = 0.2, 0.2
# Tokens that a round of lists should find: most rounds take two calls.
_ROUND = 2


class ReadPace:
    """Counts the requests of the poller, and pauses it while the budget is used up."""

    def __init__(self, clock: Clock, budget: Budget) -> None:
        self._clock = clock
        self._budget = budget
        self._bucket = self._fill_bucket()
        self._resume_at = 0.0

    @property
    def is_paused(self) -> bool:
        """Return whether nothing may be read now."""
        return self._clock.monotonic() < self._resume_at

    def count_singles(self, most: int) -> int:
        """Return how many builds may be read one by one now."""
        return int(min(self._bucket.refill(self._clock.monotonic()).tokens, most))

    def may_read(self) -> bool:
        """Return whether one more build may be read; if not, pause until it may."""
        return self._may_take(1)

    def may_list(self, worthwhile: bool) -> bool:
        """Return whether a round of lists may begin; if not, pause until it may."""
        return self._may_take(_ROUND if worthwhile else 1)

    def note(self, requests: int, refused: BudgetUsedUp | None = None) -> None:
        """Count requests that were sent; pause after one that the budget refused."""
        for _ in range(requests):
            self._bucket = self._bucket.take(self._clock.monotonic())
        if refused is not None:
            self._pause(refused.retry_after or 0.0)

    def postpone(self, due: datetime | None) -> datetime | None:
        """Return when what is due may be read."""
        left = self._resume_at - self._clock.monotonic()
        return max(due, self._clock.now() + timedelta(seconds=left)) if due and left > 0 else due

    def _may_take(self, requests: int) -> bool:
        if self._bucket.burst != self._budget.limit * _BURST:
            self._bucket = self._fill_bucket()
        wait = self._bucket.wait_seconds(self._clock.monotonic(), requests - 1)
        if wait > 0:
            self._pause(wait)
        return wait <= 0

    def _pause(self, seconds: float) -> None:
        self._resume_at = self._clock.monotonic() + seconds

    def _fill_bucket(self) -> TokenBucket:
        limit = self._budget.limit
        return full_bucket(limit * _RATE / 60, limit * _BURST, self._clock.monotonic())
