"""Executes statements directly on the drivers' connections, through one interface for both databases.

SQLAlchemy takes several hops between the event loop and the driver's thread for a statement, and more time to
process it than the database needs to run it. The few statements that people and webhooks wait for go past it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    import aiosqlite
    import asyncpg

T = TypeVar("T")


class Driver(Protocol):
    """A driver's connection.

    Statements have `?` for their values. Outside a transaction each commits by itself.
    """

    async def fetch(self, statement: str, values: Sequence[object]) -> Iterable[Sequence[object]]:
        """Execute a statement and return its rows."""

    async def execute_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Execute a statement once for each row of values."""

    async def execute_atomically(self, calls: Sequence[Callable[[], Awaitable[T]]]) -> Sequence[T]:
        """Call these, which execute statements, in one transaction; return their results.

        Their statements are durable when this returns, and none of them happened if it raises.
        """


class SqliteDriver:
    """Executes statements on aiosqlite's connection: each is one call in its thread."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: str, values: Sequence[object]) -> Iterable[Sequence[object]]:
        return await self._connection.execute_fetchall(statement, values)

    async def execute_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        await self._connection.executemany(statement, rows)

    async def execute_atomically(self, calls: Sequence[Callable[[], Awaitable[T]]]) -> Sequence[T]:
        """Queue all statements at once: the connection's thread executes them in order, without a hop for each.

        BEGIN takes no lock, so it can't fail and leave the statements after it to commit by themselves.
        https://aiosqlite.omnilib.dev/en/stable/#details
        """
        try:
            began = asyncio.ensure_future(self._connection.execute("BEGIN"))
            results = await asyncio.gather(*(call() for call in calls), return_exceptions=True)
            await began
            executed = [_require_result(result) for result in results]
            await self._connection.commit()
        except BaseException:
            await self._connection.rollback()
            raise
        return executed


class PostgresDriver:
    """Executes statements on asyncpg's connection."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection

    async def fetch(self, statement: str, values: Sequence[object]) -> Iterable[Sequence[object]]:
        rows: Iterable[Sequence[object]] = await self._connection.fetch(number_placeholders(statement), *values)
        return rows

    async def execute_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        await self._connection.executemany(number_placeholders(statement), rows)

    async def execute_atomically(self, calls: Sequence[Callable[[], Awaitable[T]]]) -> Sequence[T]:
        async with self._connection.transaction():
            return [await call() for call in calls]


def _require_result(result: T | BaseException) -> T:
    if isinstance(result, BaseException):
        raise result
    return result


def number_placeholders(statement: str) -> str:
    """Replace each `?` with PostgreSQL's `$1`, `$2` and so on."""
    first, *rest = statement.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
