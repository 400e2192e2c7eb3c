"""Commits in groups: items that arrive during a commit are committed together by the next one.

A durable commit costs a sync of the disk or a round trip, milliseconds during which many webhooks arrive or
people press buttons. One commit each would cap the rate at a few hundred a second; in groups the batches grow with
the load instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from bot.runtime.clock import Clock

T = TypeVar("T")
R = TypeVar("R")
# Called with None once the item is durable, or with the error that kept it from being so.
CommitCallback = Callable[[BaseException | None], None]
# Returns the batch to commit.
TakeBatch = Callable[[], Sequence[T]]


class GroupCommit(Generic[T, R]):
    """Lets `commit` write added items in batches of at most `max_batch`, one commit at a time.

    `commit` waits for its turn to write, then takes the batch, so that it includes what arrived during the wait.
    It returns a result or an exception for each item; an exception that it raises is everyone's. The bound keeps a
    single transaction short, so that other writers wait milliseconds for their turn. Callbacks rather than futures
    report the outcome: a webhook's request has no task that could await one.
    """

    def __init__(
        self,
        commit: Callable[[TakeBatch[T]], Awaitable[Sequence[R | BaseException]]],
        clock: Clock,
        max_batch: int = 250,
    ) -> None:
        self._commit = commit
        self._clock = clock
        self._max_batch = max_batch
        self._waiting: list[tuple[T, Callable[[R | BaseException], None]]] = []
        self._batch: list[tuple[T, Callable[[R | BaseException], None]]] = []
        self._running: asyncio.Task[None] | None = None
        self._commit_began = 0.0
        self._typical_seconds = 0.0

    def estimate_wait(self) -> float:
        """Estimate the seconds until an item added now is committed; 0 if no commit is running.

        It is the rest of the running commit plus one commit for each batch in the queue, each assumed to take as
        long as commits did lately, or as long as the running one has already taken if that is longer.
        """
        if self._running is None:
            return 0.0
        passed = self._clock.monotonic() - self._commit_began
        expected = max(self._typical_seconds, passed)
        return expected - passed + expected * (1 + len(self._waiting) // self._max_batch)

    def add(self, item: T, callback: Callable[[R | BaseException], None]) -> None:
        """Queue `item`; `callback` gets its result once it is committed, or the exception that prevented it."""
        self._waiting.append((item, callback))
        if self._running is None:
            # The task ends with the queue: timings of an earlier rush say nothing about this one.
            self._commit_began, self._typical_seconds = self._clock.monotonic(), 0.0
            self._running = asyncio.create_task(self._commit_batches())

    async def _commit_batches(self) -> None:
        try:
            while self._waiting:
                outcomes = await self._try_commit()
                now = self._clock.monotonic()
                self._typical_seconds = (self._typical_seconds + now - self._commit_began) / 2
                self._commit_began = now
                # Emptied before the callbacks run: if one of them raises, `finally` must not report to any twice.
                finished, self._batch = self._batch, []
                for (_item, callback), outcome in zip(finished, outcomes, strict=True):
                    callback(outcome)
        finally:
            # Also reached when the task is cancelled at shutdown: without an answer the requests would hang.
            unanswered = [*self._batch, *self._waiting]
            self._running, self._batch, self._waiting = None, [], []
            for _item, callback in unanswered:
                callback(asyncio.CancelledError())

    async def _try_commit(self) -> Sequence[R | BaseException]:
        """Commit and return each item's outcome: only the callers who added the items can report an error.

        `asyncio.wait` raises nothing of the commit's own and doesn't cancel it along with this task.
        """
        done, _ = await asyncio.wait({asyncio.ensure_future(self._commit(self._take))})
        commit = done.pop()
        if (error := commit.exception()) is None:
            return commit.result()
        # It may have failed before it took any: those that wait would try again without end.
        return [error] * len(self._batch or self._take())

    def _take(self) -> Sequence[T]:
        self._batch, self._waiting = self._waiting[: self._max_batch], self._waiting[self._max_batch :]
        return [item for item, _callback in self._batch]


def callback_future(start: Callable[[Callable[[R | BaseException], None]], None]) -> asyncio.Future[R]:
    """Pass a callback to `start` and return a future that it resolves, for callers who can await."""
    done: asyncio.Future[R] = asyncio.get_running_loop().create_future()

    def resolve(outcome: R | BaseException) -> None:
        if done.done():  # the caller was cancelled meanwhile
            return
        if isinstance(outcome, BaseException):
            done.set_exception(outcome)
        else:
            done.set_result(outcome)

    start(resolve)
    return done
