"""Connections to a database, with the settings that each kind needs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECT_SECONDS = 5.0
# A replica that hangs or vanishes within a transaction must let go of its locks before its lease runs out.
_IDLE_MILLISECONDS = 10_000
_STATEMENT_MILLISECONDS = 10_000
# A host that vanished without a word is noticed after about half a minute.
KEEPALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
# Some builds of SQLite leave what was deleted in pages that are free: webhooks carry values of the environment.
# https://www.sqlite.org/pragma.html#pragma_secure_delete
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON", "secure_delete=ON")


class EncodedJson(str):
    """What is JSON already when it is written into a column of JSON."""


def encode_json(value: object) -> str:
    """What is written into a column of JSON."""
    return value if isinstance(value, EncodedJson) else json.dumps(value)


# The log is moved into the file beside the commits: see checkpoints.
_WRITER_PRAGMAS = ("wal_autocheckpoint=0",)


def make_writing_engine(url: sa.URL, note_connection: Callable[[Any], None]) -> AsyncEngine:
    """Connections for writes: on SQLite one, which takes the write lock as it begins.

    `opened` is told of the driver's own connection whenever SQLite's is opened, and of None when it is closed.
    """
    if url.get_backend_name() != "sqlite":
        return _make_postgresql_engine(url)
    engine = _make_sqlite_engine(url, immediate=True, extra_pragmas=_WRITER_PRAGMAS)
    sa.event.listen(engine.sync_engine, "connect", lambda made, _record: note_connection(made.driver_connection))
    sa.event.listen(engine.sync_engine, "close", lambda _made, _record: note_connection(None))
    return engine


def make_reading_engine(url: sa.URL) -> AsyncEngine:
    """Connections for queries on SQLite, where readers do not wait for the writer."""
    return _make_sqlite_engine(url, immediate=False)


def make_migration_engine(url: sa.URL) -> AsyncEngine:
    """One connection for what may take long: migrations wait for each other."""
    if url.get_backend_name() == "sqlite":
        return _make_sqlite_engine(url, immediate=True)
    connect = {"timeout": CONNECT_SECONDS, "server_settings": KEEPALIVE}
    return create_async_engine(url, pool_size=1, max_overflow=0, connect_args=connect, json_serializer=encode_json)


def _make_postgresql_engine(url: sa.URL) -> AsyncEngine:
    """https://www.postgresql.org/docs/current/runtime-config-client.html

    A request waits neither for a connection nor for an answer longer than its own time-out.
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


def _make_sqlite_engine(url: sa.URL, *, immediate: bool, extra_pragmas: Sequence[str] = ()) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=1 if immediate else 4, max_overflow=0, json_serializer=encode_json)
    begin = "BEGIN IMMEDIATE" if immediate else "BEGIN"

    @sa.event.listens_for(engine.sync_engine, "do_connect")
    def _openable(_dialect: object, _record: object, where: Sequence[Any], options: Mapping[str, Any]) -> None:
        """A file that cannot be opened is found out here: of a failure aiosqlite's thread speaks after the end."""
        sqlite3.connect(*where, **options).close()

    @sa.event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (*_PRAGMAS, *extra_pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
