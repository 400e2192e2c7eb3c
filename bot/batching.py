"""Group commit: what arrives while a transaction commits is committed together by the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Batches(Generic[T]):
    """Hands what is put in to `commit`, all that waits at a time; one commit is under way at most."""

    def __init__(self, commit: Callable[[Sequence[T]], Awaitable[None]], most: int = 500) -> None:
        self._commit = commit
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._running: asyncio.Task[None] | None = None

    async def put(self, item: T) -> None:
        """Returns when `item` has been committed; raises what the commit raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._running is None:
            self._running = asyncio.create_task(self._work())
        await done

    async def _work(self) -> None:
        batch: list[tuple[T, asyncio.Future[None]]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                _settle(batch, await self._failure([item for item, _done in batch]))
        finally:
            self._running = None
            if self._waiting or any(not done.done() for _item, done in batch):
                _settle([*batch, *self._waiting], asyncio.CancelledError())
                self._waiting = []

    async def _failure(self, items: list[T]) -> BaseException | None:
        """Commit; what went wrong is raised to those who put the items in, who alone can tell anybody."""
        done, _ = await asyncio.wait({asyncio.ensure_future(self._commit(items))})
        return done.pop().exception()


def _settle(batch: list[tuple[T, asyncio.Future[None]]], error: BaseException | None) -> None:
    for _item, done in batch:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
