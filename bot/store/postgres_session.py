"""A direct connection to PostgreSQL that lives as long as the process: it listens, and holds a lock.

A pooler in transaction mode breaks both, so this connection must reach the server itself.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog

from bot.store.engine import CONNECT_SECONDS, KEEPALIVE
from bot.store.outage import connection_errors

if TYPE_CHECKING:
    import asyncpg


CHANNEL = "kitestring"
log = structlog.stdlib.get_logger(__name__)


class PostgresSession:
    """`heard` gets the payload of each NOTIFY. Nothing is raised: a line that is down is opened again."""

    def __init__(self, url: sa.URL, on_notify: Callable[[str], None]) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._on_notify_payload = on_notify
        self._connection: asyncpg.Connection[Any] | None = None
        self._mutex = asyncio.Lock()
        self._held_key: int | None = None

    async def hold_lock(self, name: str) -> bool:
        """Hold the lock of that name for as long as the line lives; says whether it is held."""
        async with self._mutex:
            if not await self._ensure_open():
                return False
            if self._held_key is None:
                got = await self._fetch("SELECT pg_try_advisory_lock($1)", _lock_key(name))
                self._held_key = _lock_key(name) if got else None
            else:
                await self._fetch("SELECT 1")  # a line that is lost forgets the lock
            return self._held_key is not None

    async def is_lock_free(self, name: str) -> bool:
        """Whether nobody holds the lock of that name: for a moment it is held here."""
        async with self._mutex:
            if not await self._ensure_open() or not await self._fetch("SELECT pg_try_advisory_lock($1)", _lock_key(name)):
                return False
            return bool(await self._fetch("SELECT pg_advisory_unlock($1)", _lock_key(name)))

    async def release_lock(self) -> None:
        """Let go of the lock that is held."""
        async with self._mutex:
            if self._held_key is not None and await self._ensure_open():
                await self._fetch("SELECT pg_advisory_unlock($1)", self._held_key)
            self._held_key = None

    async def notify(self, payload: str) -> None:
        """Wake whoever listens, in every process."""
        async with self._mutex:
            if await self._ensure_open():
                await self._fetch("SELECT pg_notify($1, $2)", CHANNEL, payload)

    async def close(self) -> None:
        """Let go of the lock and the connection."""
        async with self._mutex:
            if self._connection is not None:
                self._connection.terminate()
            self._forget()

    async def _ensure_open(self) -> bool:
        if self._connection is not None and not self._connection.is_closed():
            return True
        self._forget()
        import asyncpg

        try:
            connection: asyncpg.Connection[Any] = await asyncpg.connect(
                self._dsn, timeout=CONNECT_SECONDS, server_settings=KEEPALIVE
            )
            await connection.add_listener(CHANNEL, self._on_notify)
        except connection_errors() as error:
            log.warning("line down", error=type(error).__name__)
            return False
        self._connection = connection
        return True

    async def _fetch(self, query: str, *args: object) -> object:
        """One value; None, and the line forgotten, when the connection broke."""
        assert self._connection is not None  # noqa: S101  (callers opened it)
        try:
            return await self._connection.fetchval(query, *args, timeout=CONNECT_SECONDS)
        except connection_errors() as error:
            log.warning("line lost", error=type(error).__name__)
            self._connection.terminate()
            self._forget()
            return None

    def _forget(self) -> None:
        self._connection, self._held_key = None, None

    def _on_notify(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._on_notify_payload(str(payload))


def _lock_key(name: str) -> int:
    """A lock's number for a name: 63 bits of its hash."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
