"""Small writes that people wait for: all that wait for the turn to write are one transaction when it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

# A statement with `?` for its values, and RETURNING.
Step = tuple[str, Sequence[object]]
_Asked = tuple[Sequence[Step], asyncio.Future[bool]]


class SmallWrites:
    """For SQLite: `turn` is the turn to write, `line` gives the driver's connection to whoever has it."""

    def __init__(
        self, turn: Callable[[], AbstractAsyncContextManager[None]], line: Callable[[], Awaitable[Any]]
    ) -> None:
        self._turn = turn
        self._line = line
        self._waiting: list[_Asked] = []
        self._running: asyncio.Task[None] | None = None

    async def written(self, steps: Sequence[Step]) -> bool:
        """All of the steps or none are durable when this returns; says whether the first one changed a row."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((steps, done))
        if self._running is None:
            self._running = asyncio.create_task(self._work())
        return await done

    async def _work(self) -> None:
        batch: list[_Asked] = []
        try:
            while self._waiting:
                batch = []
                ended, _ = await asyncio.wait({asyncio.ensure_future(self._commit(batch))})
                _settle(batch, ended.pop())
        finally:
            self._running = None
            for _steps, done in [*batch, *self._waiting]:
                done.cancel()
            self._waiting = []

    async def _commit(self, batch: list[_Asked]) -> list[bool]:
        """Takes what has come until it is its turn; the driver's own thread runs all of it at once."""
        async with self._turn():
            batch += self._waiting
            self._waiting = []
            line = await self._line()
            found: list[bool] = await line._execute(_run, line._conn, [steps for steps, _done in batch])
            return found


def _run(connection: Any, asked: Sequence[Sequence[Step]]) -> list[bool]:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        found = [[connection.execute(*step).fetchall() for step in steps] for steps in asked]
    return [bool(rows[0]) for rows in found]


def _settle(batch: Sequence[_Asked], ended: asyncio.Future[list[bool]]) -> None:
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
