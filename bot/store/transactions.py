"""Transactions: one writer at a time on SQLite, numbered as they are committed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.checkpoints import Checkpointer
from bot.store.engine import make_reading_engine, make_writing_engine
from bot.store.outage import raising_unavailable
from bot.store.small_writes import SmallWrites, SqlStep

Tx = AsyncConnection


def ignore_commit(_number: int) -> None:
    """The default of what happens after a commit."""


class Transactions(Protocol):
    """A store as those see it who only read and write."""

    def write(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction that is durable when the block has ended, or has not happened."""

    def read(self) -> AbstractAsyncContextManager[Tx]:
        """A connection for queries."""


class Store:
    """The database. `committed` is called with the number of each transaction after it is durable.

    Raises Unavailable from `write` and `read` when the database is locked, full or gone.
    """

    def __init__(self, url: str, *, on_commit: Callable[[int], None] = ignore_commit) -> None:
        self.url = sa.make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._driver_connection: Any = None
        self._writer = make_writing_engine(self.url, self._note_connection)
        self._reader = make_reading_engine(self.url) if self.sqlite else self._writer
        self._write_turn = asyncio.Lock()
        self._checkpointer = Checkpointer(str(self.url.database), self._write_turn) if self.sqlite else None
        self._small_writes = SmallWrites(self._commit_turn, self._get_writer) if self.sqlite else None
        self._on_commit = on_commit
        self.commits = 0
        self.small_writes = 0
        self._inode = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """A transaction that is durable when the block has ended, or has not happened."""
        async with self._commit_turn(), self._writer.begin() as tx:
            self._check_file()
            yield tx

    @asynccontextmanager
    async def write_single(self) -> AsyncIterator[Any]:
        """The driver's own connection, for one statement, which is a transaction by itself."""
        async with self._commit_turn():
            if self.sqlite:
                yield await self._get_writer()
                return
            async with self._writer.connect() as tx:
                yield (await tx.get_raw_connection()).driver_connection

    async def write_small(self, *steps: SqlStep) -> bool:
        """A few statements of which all or none are durable when this returns; says if the first changed a row.

        On SQLite what others ask for at the same time is committed with them. `small` counts them: while people
        write, whoever has much to write holds the turn only briefly.
        """
        self.small_writes += 1
        if self._small_writes:
            return await self._small_writes.commit(steps)
        async with self.write() as tx:
            line: Any = (await tx.get_raw_connection()).driver_connection
            await tx.exec_driver_sql("SELECT 1")  # begins the transaction
            found = [await line.fetch(number_placeholders(statement), *values) for statement, values in steps]
        return bool(found[0])

    async def _get_writer(self) -> Any:
        """On SQLite the only connection that writes needs no pool to be found, only its turn."""
        if self._driver_connection is None:
            async with self._writer.connect():
                pass
        self._check_file()
        return self._driver_connection

    def _note_connection(self, line: Any) -> None:
        self._driver_connection = line

    @asynccontextmanager
    async def _commit_turn(self) -> AsyncIterator[None]:
        async with self._write_turn if self.sqlite else _no_turn():
            with raising_unavailable():
                yield
            self.commits += 1
            number = self.commits
        if self._checkpointer:
            self._checkpointer.note_commit()
        self._on_commit(number)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A connection for queries."""
        with raising_unavailable():
            async with self._reader.connect() as tx:
                yield tx

    def _check_file(self) -> None:
        """Raises OSError when the file was taken away or replaced: what is written to the old one is lost."""
        if not self.sqlite or self.url.database in (None, "", ":memory:"):
            return
        inode = os.stat(str(self.url.database)).st_ino
        self._inode = self._inode or inode
        if inode != self._inode:
            raise OSError("the database file was replaced")

    async def close(self) -> None:
        """Let go of all connections."""
        if self._checkpointer:
            await self._checkpointer.wait_until_idle()
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


def number_placeholders(statement: str) -> str:
    """With `$1` and `$2`, as PostgreSQL has it, in place of each `?`."""
    first, *rest = statement.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


@asynccontextmanager
async def _no_turn() -> AsyncIterator[None]:
    yield
