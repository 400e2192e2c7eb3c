"""Provides transactions: one writer at a time on SQLite, numbered as they are committed."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.runtime.clock import SystemClock
from bot.runtime.group_commit import GroupCommit, TakeBatch, callback_future
from bot.store.checkpoints import Checkpointer
from bot.store.drivers import Driver, PostgresDriver, SqliteDriver
from bot.store.engine import make_reading_engine, make_writing_engine
from bot.store.outage import raising_unavailable
from bot.store.small_writes import SqlStep, write_group

Tx = AsyncConnection


def ignore_commit(_number: int) -> None:
    """Do nothing after a commit: the default."""


class Transactions(Protocol):
    """The part of the store that most code needs: reading and writing."""

    def write(self) -> AbstractAsyncContextManager[Tx]:
        """Open a transaction that is durable once the block has ended, or hasn't happened if the block raised."""

    def read(self) -> AbstractAsyncContextManager[Tx]:
        """Open a connection for queries."""


class Store:
    """The database. `on_commit` is called with the number of each transaction once it is durable.

    All methods raise Unavailable if the database is locked, full or gone.

    On SQLite an asyncio lock, the write turn, orders writers within the process. Leaving that to SQLite's own lock
    would mean busy-waiting in threads, without order: under load some writers would wait out the whole timeout.
    """

    def __init__(self, url: str, *, on_commit: Callable[[int], None] = ignore_commit) -> None:
        self.url = sa.make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._sqlite_connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, "direct-writes")
        self._writer = make_writing_engine(self.url, self._note_connection)
        self._reader = make_reading_engine(self.url) if self.sqlite else self._writer
        self._write_turn = asyncio.Lock()
        self._checkpointer = Checkpointer(str(self.url.database), self._write_turn) if self.sqlite else None
        self._small_writes = GroupCommit[Sequence[SqlStep], bool](self._commit_small_writes, SystemClock())
        self._on_commit = on_commit
        self.commits = 0
        self.small_write_count = 0
        self._inode = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """Open a transaction that is durable once the block has ended, or hasn't happened if the block raised."""
        async with self._commit_turn(), self._writer.begin() as tx:
            self._check_file()
            yield tx

    @asynccontextmanager
    async def write_directly(self) -> AsyncIterator[Driver]:
        """Open the driver's own connection, where each statement commits by itself.

        This saves the round trips for BEGIN and COMMIT, and SQLAlchemy's processing, for the busiest statements:
        those that store webhooks and requests.
        """
        async with self._commit_turn():
            if self.sqlite:
                yield SqliteDriver(await self._get_writer(), self._thread)
                return
            async with self._writer.connect() as tx:
                connection = (await tx.get_raw_connection()).driver_connection
                assert connection is not None  # noqa: S101  (it was opened with the line above)
                yield PostgresDriver(connection)

    async def write_small(self, *steps: SqlStep) -> bool:
        """Make a few statements durable, all or none; return whether the first one changed a row.

        On SQLite they are committed together with other small writes that wait for the turn. The inbox watches
        their count: while people are writing, it takes smaller batches, so that its turns are short.
        """
        self.small_write_count += 1
        if self.sqlite:
            return await callback_future(partial(self._small_writes.add, steps))
        async with self.write_directly() as driver:
            [changed] = await write_group(driver, [steps])
        return bool(changed)

    async def _commit_small_writes(self, take: TakeBatch[Sequence[SqlStep]]) -> Sequence[bool | BaseException]:
        async with self.write_directly() as driver:
            return await write_group(driver, take())

    async def _get_writer(self) -> sqlite3.Connection:
        """Return SQLite's only writing connection, without a detour through the pool; the caller has the turn."""
        if self._sqlite_connection is None:
            async with self._writer.connect():
                pass
        self._check_file()
        assert self._sqlite_connection is not None  # noqa: S101  (connecting has noted it)
        return self._sqlite_connection

    def _note_connection(self, connection: sqlite3.Connection | None) -> None:
        self._sqlite_connection = connection

    @asynccontextmanager
    async def _commit_turn(self) -> AsyncIterator[None]:
        async with self._write_turn if self.sqlite else _no_turn():
            with raising_unavailable():
                yield
            # Numbered within the turn, so that numbers follow the order of commits.
            self.commits += 1
            number = self.commits
        if self._checkpointer:
            self._checkpointer.note_commit()
        self._on_commit(number)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """Open a connection for queries."""
        with raising_unavailable():
            async with self._reader.connect() as tx:
                yield tx

    def _check_file(self) -> None:
        """Raise OSError if the file was removed or replaced, as by restoring a backup under a running bot.

        The open connection would go on writing to the old, unlinked file, and all of it would be lost at the end.
        """
        if not self.sqlite or self.url.database in (None, "", ":memory:"):
            return
        inode = os.stat(str(self.url.database)).st_ino
        self._inode = self._inode or inode
        if inode != self._inode:
            raise OSError("the database file was replaced")

    async def close(self) -> None:
        """Close all connections."""
        if self._checkpointer:
            await self._checkpointer.wait_until_idle()
        self._thread.shutdown()
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


@asynccontextmanager
async def _no_turn() -> AsyncIterator[None]:
    yield
