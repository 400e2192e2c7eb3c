"""Executes statements directly on the drivers' connections, through one interface for both databases.

SQLAlchemy takes several hops between the event loop and the driver's thread for a statement, and more time to
process it than the database needs to run it. The few statements that people and webhooks wait for go past it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    import asyncpg

Values: TypeAlias = Sequence[object]
ReturnedRows: TypeAlias = Iterable[Sequence[object]]


class SqlCall(NamedTuple):
    """A statement with `?` for its values, executed once for each row of them; only a single one returns rows."""

    statement: str
    rows: Sequence[Values]


class Driver(Protocol):
    """A driver's connection."""

    async def execute(self, calls: Sequence[SqlCall]) -> Sequence[ReturnedRows]:
        """Execute these in one transaction; return the rows that each returned.

        They are durable when this returns, and none of them happened if it raises.
        """


class SqliteDriver:
    """Executes statements on SQLite's connection, all of them as one call in a thread.

    Each hop between the event loop and a thread takes milliseconds while the loop is busy, and everyone else who
    writes would wait for it.
    """

    def __init__(self, connection: sqlite3.Connection, thread: Executor) -> None:
        self._connection = connection
        self._thread = thread

    async def execute(self, calls: Sequence[SqlCall]) -> Sequence[ReturnedRows]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._execute, calls)

    def _execute(self, calls: Sequence[SqlCall]) -> Sequence[ReturnedRows]:
        if _is_single(calls):
            return [self._call(call) for call in calls]
        with self._connection:  # commits, or rolls back if something is raised
            self._connection.execute("BEGIN IMMEDIATE")
            return [self._call(call) for call in calls]

    def _call(self, call: SqlCall) -> ReturnedRows:
        if len(call.rows) == 1:
            return self._connection.execute(call.statement, call.rows[0]).fetchall()
        self._connection.executemany(call.statement, call.rows)
        return ()


class PostgresDriver:
    """Executes statements on asyncpg's connection."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection

    async def execute(self, calls: Sequence[SqlCall]) -> Sequence[ReturnedRows]:
        if _is_single(calls):
            return [await self._call(call) for call in calls]
        async with self._connection.transaction():
            return [await self._call(call) for call in calls]

    async def _call(self, call: SqlCall) -> ReturnedRows:
        statement = number_placeholders(call.statement)
        if len(call.rows) > 1:
            await self._connection.executemany(statement, call.rows)
            return ()
        rows: ReturnedRows = await self._connection.fetch(statement, *call.rows[0])
        return rows


def _is_single(calls: Sequence[SqlCall]) -> bool:
    """Return whether it's one statement, which needs no transaction around it."""
    return sum(len(call.rows) for call in calls) == 1


def number_placeholders(statement: str) -> str:
    """Replace each `?` with PostgreSQL's `$1`, `$2` and so on."""
    first, *rest = statement.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
