"""Keeps one direct connection to PostgreSQL for the life of the process: it listens, and holds a lock.

LISTEN and session-level advisory locks belong to a server session. A pooler in transaction mode gives each
transaction another session, which breaks both, so this connection must reach the server itself.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from bot.store.engine import CONNECT_SECONDS, KEEPALIVE
from bot.store.outage import connection_errors

if TYPE_CHECKING:
    import asyncpg


CHANNEL = "kitestring"
log = structlog.stdlib.get_logger(__name__)


class PostgresSession:
    """A session that reopens itself: methods don't raise, and the next call after a loss connects again.

    Whoever needs NOTIFY must therefore poll as well. `on_notify` gets the payload of each notification. The mutex
    lets one query run at a time, as asyncpg requires.
    """

    def __init__(self, url: sa.URL, on_notify: Callable[[str], None]) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._on_notify_payload = on_notify
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._mutex = asyncio.Lock()
        self._held_key: int | None = None

    async def hold_lock(self, name: str) -> bool:
        """Hold the advisory lock of that name for as long as the session lives; return whether it is held."""
        async with self._mutex:
            if not await self._ensure_open():
                return False
            if self._held_key is None:
                got = await self._fetch("SELECT pg_try_advisory_lock($1)", _lock_key(name))
                self._held_key = _lock_key(name) if got else None
            else:
                await self._fetch("SELECT 1")  # notices a lost session, which has lost the lock as well
            return self._held_key is not None

    async def is_lock_free(self, name: str) -> bool:
        """Return whether the lock of that name is free, by taking it for a moment.

        A replica that starts in that moment fails to take its own lock, and succeeds at its next tick.
        """
        async with self._mutex:
            if not await self._ensure_open() or not await self._fetch(
                "SELECT pg_try_advisory_lock($1)", _lock_key(name)
            ):
                return False
            return bool(await self._fetch("SELECT pg_advisory_unlock($1)", _lock_key(name)))

    async def release_lock(self) -> None:
        """Release the lock, if it is held."""
        async with self._mutex:
            if self._held_key is not None and await self._ensure_open():
                await self._fetch("SELECT pg_advisory_unlock($1)", self._held_key)
            self._held_key = None

    async def notify(self, payload: str) -> None:
        """Send `payload` to the sessions of all replicas, this one included."""
        async with self._mutex:
            if await self._ensure_open():
                await self._fetch("SELECT pg_notify($1, $2)", CHANNEL, payload)

    async def close(self) -> None:
        """End the session, and with it the lock."""
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
            connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
                self._dsn, timeout=CONNECT_SECONDS, server_settings=KEEPALIVE
            )
            await connection.add_listener(CHANNEL, self._on_notify)
        except connection_errors() as error:
            log.warning("PostgreSQL session can't be opened", error=type(error).__name__)
            return False
        self._connection = connection
        return True

    async def _fetch(self, query: str, *args: object) -> object:
        """Return one value; if the connection broke, forget it and return None."""
        assert self._connection is not None  # noqa: S101  (callers opened it)
        try:
            return await self._connection.fetchval(query, *args, timeout=CONNECT_SECONDS)
        except connection_errors() as error:
            log.warning("PostgreSQL session lost", error=type(error).__name__)
            self._connection.terminate()
            self._forget()
            return None

    def _forget(self) -> None:
        self._connection, self._held_key = None, None

    def _on_notify(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._on_notify_payload(str(payload))


def _lock_key(name: str) -> int:
    """Return the number of the lock for a name: 63 bits of its hash, since keys are signed 64-bit integers."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
