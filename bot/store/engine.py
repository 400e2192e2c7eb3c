"""Makes SQLAlchemy engines with the settings that each database and purpose needs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

if TYPE_CHECKING:
    from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection

# A request shouldn't wait longer for a connection than Slack's or Buildkite's own timeouts make sensible.
CONNECT_SECONDS = 5.0
# Both shorter than a lease (15 s): a replica that hangs or vanishes within a transaction must release its row
# locks before its lease runs out, or its successor would wait for them.
_IDLE_MILLISECONDS = 10_000
_STATEMENT_MILLISECONDS = 10_000
# A peer that vanished without closing the connection is noticed after about 25 seconds (10 + 3 × 5).
KEEPALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
# WAL lets readers work beside the writer; FULL syncs at every commit, since a webhook is acknowledged after it.
# Without secure_delete, deleted rows can stay readable in free pages, and webhooks carry environment values.
# https://www.sqlite.org/pragma.html#pragma_secure_delete
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON", "secure_delete=ON")


class EncodedJson(str):
    """A value for a JSON column that is encoded already, so that it isn't encoded again."""


def encode_json(value: object) -> str:
    """Encode a value for a JSON column."""
    return value if isinstance(value, EncodedJson) else json.dumps(value)


# Checkpoints run beside the commits instead: see bot.store.checkpoints.
_WRITER_PRAGMAS = ("wal_autocheckpoint=0",)


def make_writing_engine(url: sa.URL, note_connection: Callable[[sqlite3.Connection | None], None]) -> AsyncEngine:
    """Make the engine for writes: on SQLite a single connection, which takes the write lock at BEGIN.

    `note_connection` gets SQLite's connection whenever it is opened, and None when it is closed.
    """

    class NotedConnection(sqlite3.Connection):
        """A connection that is noted, since neither SQLAlchemy nor aiosqlite hands out SQLite's own."""

        def __init__(self, *args: Any, **options: Any) -> None:  # sqlite3's own parameters
            super().__init__(*args, **options)
            note_connection(self)

    if url.get_backend_name() != "sqlite":
        return _make_postgresql_engine(url)
    # Two threads use it, one at a time: aiosqlite's for transactions, and the store's for direct writes.
    options = {"factory": NotedConnection, "check_same_thread": False}
    engine = _make_sqlite_engine(url, immediate=True, extra_pragmas=_WRITER_PRAGMAS, options=options)
    sa.event.listen(engine.sync_engine, "close", lambda _made, _record: note_connection(None))
    return engine


def make_reading_engine(url: sa.URL) -> AsyncEngine:
    """Make the engine for queries on SQLite, where readers don't wait for the writer.

    Each statement sees what was committed before it, as on PostgreSQL. BEGIN and ROLLBACK would double the hops
    between the event loop and the driver's thread for the usual query of one statement.
    """
    return _make_sqlite_engine(url, immediate=False)


def make_migration_engine(url: sa.URL) -> AsyncEngine:
    """Make an engine with one connection and no timeouts: migrations take long and wait for each other."""
    if url.get_backend_name() == "sqlite":
        return _make_sqlite_engine(url, immediate=True)
    connect = {"timeout": CONNECT_SECONDS, "server_settings": KEEPALIVE}
    return create_async_engine(url, pool_size=1, max_overflow=0, connect_args=connect, json_serializer=encode_json)


def _make_postgresql_engine(url: sa.URL) -> AsyncEngine:
    """Make the engine for PostgreSQL, with a timeout for everything a request might wait for.

    https://www.postgresql.org/docs/current/runtime-config-client.html
    """
    limits = {
        "idle_in_transaction_session_timeout": str(_IDLE_MILLISECONDS),
        "statement_timeout": str(_STATEMENT_MILLISECONDS),
    }
    connect = {
        "timeout": CONNECT_SECONDS,
        "command_timeout": _STATEMENT_MILLISECONDS / 1000 + 1,
        "server_settings": {**KEEPALIVE, **limits},
    }
    return create_async_engine(
        url,
        pool_size=10,
        max_overflow=5,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        connect_args=connect,
        json_serializer=encode_json,
    )


def _make_sqlite_engine(
    url: sa.URL,
    *,
    immediate: bool,
    extra_pragmas: Sequence[str] = (),
    options: Mapping[str, object] = MappingProxyType({}),
) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=1 if immediate else 4,
        max_overflow=0,
        json_serializer=encode_json,
        connect_args=dict(options),
        skip_autocommit_rollback=not immediate,
    )

    @sa.event.listens_for(engine.sync_engine, "do_connect")
    def _openable(_dialect: object, _record: object, where: Sequence[str], options: Mapping[str, object]) -> None:
        """Open the file here first: if that fails in aiosqlite's thread, the thread outlives the error."""
        sqlite3.connect(where[0], uri=bool(options.get("uri"))).close()

    @sa.event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
        connection.isolation_level = None  # keeps sqlite3 from beginning transactions of its own accord
        cursor = connection.cursor()
        for pragma in (*_PRAGMAS, *extra_pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if immediate:
        sa.event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def _begin_immediate(connection: sa.Connection) -> None:
    """Begin a transaction with the write lock.

    If it began by reading and then wrote, it would fail with SQLITE_BUSY, without waiting, if another one wrote
    meanwhile. https://www.sqlite.org/lang_transaction.html
    """
    connection.exec_driver_sql("BEGIN IMMEDIATE")
