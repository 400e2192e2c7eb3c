"""Commits in groups: items that arrive during a commit are committed together by the next one.

A durable commit costs a sync of the disk or a round trip, milliseconds during which many webhooks arrive. One
commit each would cap the rate at a few hundred a second; in groups the batches grow with the load instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from bot.runtime.clock import Clock

T = TypeVar("T")
# Called with None once the item is durable, or with the error that kept it from being so.
CommitCallback = Callable[[BaseException | None], None]


class GroupCommit(Generic[T]):
    """Passes added items to `commit` in batches of at most `max_batch`, one commit at a time.

    The bound keeps a single transaction short, so that other writers wait milliseconds for their turn. Callbacks
    rather than futures report the outcome: a webhook's request has no task that could await one.
    """

    def __init__(
        self, commit: Callable[[Sequence[T]], Awaitable[None]], clock: Clock, max_batch: int = 250
    ) -> None:
        self._commit = commit
        self._clock = clock
        self._max_batch = max_batch
        self._waiting: list[tuple[T, CommitCallback]] = []
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

    def add(self, item: T, callback: CommitCallback) -> None:
        """Queue `item`; `callback` gets None once it is committed, or the exception that the commit raised."""
        self._waiting.append((item, callback))
        if self._running is None:
            # The task ends with the queue: timings of an earlier rush say nothing about this one.
            self._commit_began, self._typical_seconds = self._clock.monotonic(), 0.0
            self._running = asyncio.create_task(self._commit_batches())

    async def _commit_batches(self) -> None:
        batch: list[tuple[T, CommitCallback]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._max_batch], self._waiting[self._max_batch :]
                error = await self._try_commit([item for item, _callback in batch])
                now = self._clock.monotonic()
                self._typical_seconds = (self._typical_seconds + now - self._commit_began) / 2
                self._commit_began = now
                # Emptied before the callbacks run: if one of them raises, `finally` must not report to any twice.
                finished, batch = batch, []
                for _item, callback in finished:
                    callback(error)
        finally:
            # Also reached when the task is cancelled at shutdown: without an answer the requests would hang.
            self._running = None
            for _item, callback in [*batch, *self._waiting]:
                callback(asyncio.CancelledError())
            self._waiting = []

    async def _try_commit(self, items: list[T]) -> BaseException | None:
        """Commit and return the exception it raised, if any: only the callers who added the items can report it.

        `asyncio.wait` raises nothing of the commit's own and doesn't cancel it along with this task.
        """
        done, _ = await asyncio.wait({asyncio.ensure_future(self._commit(items))})
        return done.pop().exception()


def callback_future(start: Callable[[CommitCallback], None]) -> asyncio.Future[None]:
    """Pass a callback to `start` and return a future that it resolves, for callers who can await."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def resolve(error: BaseException | None) -> None:
        if done.done():  # the caller was cancelled meanwhile
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    start(resolve)
    return done
