"""A direct connection to PostgreSQL that lives as long as the process: it listens, and holds a lock.

A pooler in transaction mode breaks both, so this connection must reach the server itself.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import asyncpg
import sqlalchemy as sa
import structlog

CHANNEL = "kitestring"
_CONNECT_SECONDS = 5.0
# A host that vanished without a word lets go of its locks after about half a minute.
_SERVER = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
log = structlog.stdlib.get_logger(__name__)


class Line:
    """`heard` gets the payload of each NOTIFY. Nothing is raised: a line that is down is opened again."""

    def __init__(self, url: sa.URL, heard: Callable[[str], None]) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._heard = heard
        self._connection: asyncpg.Connection[Any] | None = None
        self._turn = asyncio.Lock()
        self._locked = False

    async def locked(self, name: str) -> bool:
        """Whether this process holds the lock of that name, after trying to get it."""
        async with self._turn:
            if not await self._open():
                return False
            if not self._locked:
                got = await self._fetch("SELECT pg_try_advisory_lock($1)", _key(name))
                self._locked = bool(got)
            else:
                await self._fetch("SELECT 1")
            return self._locked

    async def notify(self, payload: str) -> None:
        """Wake whoever listens, in every process."""
        async with self._turn:
            if await self._open():
                await self._fetch("SELECT pg_notify($1, $2)", CHANNEL, payload)

    async def close(self) -> None:
        """Let go of the lock and the connection."""
        async with self._turn:
            if self._connection is not None:
                await self._connection.close()
            self._forget()

    async def _open(self) -> bool:
        if self._connection is not None and not self._connection.is_closed():
            return True
        self._forget()
        try:
            connection: asyncpg.Connection[Any] = await asyncpg.connect(
                self._dsn, timeout=_CONNECT_SECONDS, server_settings=_SERVER
            )
            await connection.add_listener(CHANNEL, self._on_notify)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("line down", error=type(error).__name__)
            return False
        self._connection = connection
        return True

    async def _fetch(self, query: str, *args: object) -> object:
        """One value; None, and the line forgotten, when the connection broke."""
        assert self._connection is not None  # noqa: S101  (callers opened it)
        try:
            return await self._connection.fetchval(query, *args, timeout=_CONNECT_SECONDS)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("line lost", error=type(error).__name__)
            self._connection.terminate()
            self._forget()
            return None

    def _forget(self) -> None:
        self._connection, self._locked = None, False

    def _on_notify(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._heard(str(payload))


def _key(name: str) -> int:
    """A lock's number for a name: 63 bits of its hash."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
