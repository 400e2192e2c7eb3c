"""Group commit: what arrives while a transaction commits is committed together by the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from bot.runtime.clock import Clock

T = TypeVar("T")
# Told what went wrong; nothing, once it is durable.
CommitCallback = Callable[[BaseException | None], None]


class GroupCommit(Generic[T]):
    """Hands what is put in to `commit`, at most so many at a time; one commit is under way at most."""

    def __init__(self, commit: Callable[[Sequence[T]], Awaitable[None]], clock: Clock, max_batch: int = 250) -> None:
        self._commit = commit
        self._clock = clock
        self._max_batch = max_batch
        self._waiting: list[tuple[T, CommitCallback]] = []
        self._running: asyncio.Task[None] | None = None
        self._commit_began = 0.0
        self._typical_seconds = 0.0

    def estimate_wait(self) -> float:
        """Seconds until what is put in now is committed, as commits go in this rush; 0 when none is under way."""
        if self._running is None:
            return 0.0
        passed = self._clock.monotonic() - self._commit_began
        took = max(self._typical_seconds, passed)
        return took - passed + took * (1 + len(self._waiting) // self._max_batch)

    def add(self, item: T, callback: CommitCallback) -> None:
        """`told` is called when `item` has been committed, or with what the commit raised."""
        self._waiting.append((item, callback))
        if self._running is None:
            self._commit_began, self._typical_seconds = self._clock.monotonic(), 0.0
            self._running = asyncio.create_task(self._commit_batches())

    async def _commit_batches(self) -> None:
        batch: list[tuple[T, CommitCallback]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._max_batch], self._waiting[self._max_batch :]
                error = await self._try_commit([item for item, _told in batch])
                now = self._clock.monotonic()
                self._typical_seconds, self._commit_began = (self._typical_seconds + now - self._commit_began) / 2, now
                settled, batch = batch, []
                for _item, tell in settled:
                    tell(error)
        finally:
            self._running = None
            for _item, tell in [*batch, *self._waiting]:
                tell(asyncio.CancelledError())
            self._waiting = []

    async def _try_commit(self, items: list[T]) -> BaseException | None:
        """Commit; what went wrong is raised to those who put the items in, who alone can tell anybody."""
        done, _ = await asyncio.wait({asyncio.ensure_future(self._commit(items))})
        return done.pop().exception()


def callback_future(start: Callable[[CommitCallback], None]) -> asyncio.Future[None]:
    """Begin; what is returned is done when told so, and raises what is told."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def resolve(error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    start(resolve)
    return done
