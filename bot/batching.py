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
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._commit_all(batch)
        finally:
            self._running = None

    async def _commit_all(self, batch: list[tuple[T, asyncio.Future[None]]]) -> None:
        try:
            await self._commit([item for item, _done in batch])
        except BaseException as error:
            _settle(batch, error)
            if not isinstance(error, Exception):
                raise
        else:
            _settle(batch, None)


def _settle(batch: list[tuple[T, asyncio.Future[None]]], error: BaseException | None) -> None:
    for _item, done in batch:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
