"""Commits the small writes that people wait for in groups, on SQLite.

SQLite has one writer, and every commit syncs the disk. When many people press buttons while webhooks are being
folded, each of their writes would queue for a turn and a sync of its own, and Slack gives up after 3 seconds. So
all small writes that are waiting when the turn comes form one transaction: ten wait as long as one.

The statements run as one call in the driver's thread. Through SQLAlchemy each would hop between the event loop and
that thread several times, while the write lock is held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

# A statement with `?` for its values, and RETURNING, so that its rows say whether it changed anything.
SqlStep = tuple[str, Sequence[object]]
_SmallWrite = tuple[Sequence[SqlStep], asyncio.Future[bool]]


class SmallWrites:
    """Groups small writes: `write_turn` is the turn to write, `get_connection` gives the connection during it."""

    def __init__(
        self,
        write_turn: Callable[[], AbstractAsyncContextManager[None]],
        get_connection: Callable[[], Awaitable[Any]],
    ) -> None:
        self._write_turn = write_turn
        self._get_connection = get_connection
        self._waiting: list[_SmallWrite] = []
        self._running: asyncio.Task[None] | None = None

    async def commit(self, steps: Sequence[SqlStep]) -> bool:
        """Make all steps durable, or none; return whether the first one changed a row."""
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
                # `asyncio.wait` keeps a cancellation of this task from interrupting a commit halfway.
                committed, _ = await asyncio.wait({asyncio.ensure_future(self._commit_waiting(batch))})
                _resolve(batch, committed.pop())
        finally:
            # Reached by cancellation at shutdown, too: whoever still waits must not hang.
            self._running = None
            for _steps, done in [*batch, *self._waiting]:
                done.cancel()
            self._waiting = []

    async def _commit_waiting(self, batch: list[_SmallWrite]) -> list[bool]:
        """Move the waiting writes into `batch` and commit them; return what each of them changed.

        The batch is filled only once the turn has come, so that it includes what arrived while waiting for it. It
        is the caller's list, so that the caller knows whom to report an error to.
        """
        async with self._write_turn():
            batch += self._waiting
            self._waiting = []
            connection = await self._get_connection()
            writes = [steps for steps, _done in batch]
            # aiosqlite has no public way to run a function in its thread.
            changed: list[bool] = await connection._execute(_execute_batch, connection._conn, writes)
            return changed


def _execute_batch(connection: Any, batch: Sequence[Sequence[SqlStep]]) -> list[bool]:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        results = [[connection.execute(*step).fetchall() for step in steps] for steps in batch]
    return [bool(rows[0]) for rows in results]


def _resolve(batch: Sequence[_SmallWrite], committed: asyncio.Future[list[bool]]) -> None:
    """Report the outcome to every write of the batch; after an error that is the error, since none happened."""
    error = committed.exception()
    results = [False] * len(batch) if error else committed.result()
    for (_steps, done), result in zip(batch, results, strict=True):
        if done.done():
            continue
        if error:
            done.set_exception(error)
        else:
            done.set_result(result)
