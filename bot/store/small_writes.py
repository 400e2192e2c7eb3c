"""Small writes that people wait for: all that wait for the turn to write are one transaction when it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

# A statement with `?` for its values, and RETURNING.
SqlStep = tuple[str, Sequence[object]]
_SmallWrite = tuple[Sequence[SqlStep], asyncio.Future[bool]]


class SmallWrites:
    """For SQLite: `turn` is the turn to write, `line` gives the driver's connection to whoever has it."""

    def __init__(
        self, write_turn: Callable[[], AbstractAsyncContextManager[None]], get_connection: Callable[[], Awaitable[Any]]
    ) -> None:
        self._write_turn = write_turn
        self._get_connection = get_connection
        self._waiting: list[_SmallWrite] = []
        self._running: asyncio.Task[None] | None = None

    async def commit(self, steps: Sequence[SqlStep]) -> bool:
        """All of the steps or none are durable when this returns; says whether the first one changed a row."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((steps, done))
        if self._running is None:
            self._running = asyncio.create_task(self._commit_batches())
        return await done

    async def _commit_batches(self) -> None:
        batch: list[_SmallWrite] = []
        try:
            while self._waiting:
                batch = []
                ended, _ = await asyncio.wait({asyncio.ensure_future(self._commit_waiting(batch))})
                _resolve(batch, ended.pop())
        finally:
            self._running = None
            for _steps, done in [*batch, *self._waiting]:
                done.cancel()
            self._waiting = []

    async def _commit_waiting(self, batch: list[_SmallWrite]) -> list[bool]:
        """Takes what has come until it is its turn; the driver's own thread runs all of it at once."""
        async with self._write_turn():
            batch += self._waiting
            self._waiting = []
            line = await self._get_connection()
            found: list[bool] = await line._execute(_execute_batch, line._conn, [steps for steps, _done in batch])
            return found


def _execute_batch(connection: Any, batch: Sequence[Sequence[SqlStep]]) -> list[bool]:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        found = [[connection.execute(*step).fetchall() for step in steps] for steps in batch]
    return [bool(rows[0]) for rows in found]


def _resolve(batch: Sequence[_SmallWrite], ended: asyncio.Future[list[bool]]) -> None:
    """What went wrong is raised to all whose writes were in it: none of them happened."""
    error = ended.exception()
    results = [False] * len(batch) if error else ended.result()
    for (_steps, done), result in zip(batch, results, strict=True):
        if done.done():
            continue
        if error:
            done.set_exception(error)
        else:
            done.set_result(result)
