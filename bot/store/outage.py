"""Distinguishes an outage of the database, which passes, from a mistake in a statement, which is a bug."""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa

from bot.errors import Unavailable

# SQLSTATE classes: connection, rollback (deadlock), resources, lock not available, operator, system.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_CLASSES = ("08", "40", "53", "55P03", "57", "58")
# A transaction that was ended because it was idle for too long; a server that became a standby.
_CODES = ("25P03", "25006")
_OUTAGES = (sqlite3.OperationalError, sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)


def is_outage(error: BaseException | None) -> bool:
    """Return whether the database is locked, full, overloaded or gone, so that a retry may succeed."""
    if error is None:
        return False
    if isinstance(error, (OSError, *_OUTAGES)):
        return True
    if isinstance(error, sa.exc.DBAPIError):
        return error.connection_invalidated or _is_transient(error.orig) or isinstance(error.orig, OSError)
    server_error, *connection_lost = asyncpg_errors()
    return isinstance(error, tuple(connection_lost)) or (isinstance(error, server_error) and _is_transient(error))


class raising_unavailable:  # noqa: N801  (a context manager, which reads like a function; a class is cheaper)
    """Turns outages of the database into Unavailable; mistakes in statements propagate unchanged."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if is_outage(error):
            raise Unavailable("My database isn't responding.", "Try again in a moment.") from error


def connection_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions raised if a database can't be reached or used, through SQLAlchemy or directly."""
    return (OSError, sqlite3.Error, sa.exc.DBAPIError, *asyncpg_errors())


def asyncpg_errors() -> tuple[type[Exception], ...]:
    """Return asyncpg's exceptions: first the server's errors, then two for a lost connection.

    Imported only when needed: an SQLite installation pays for the import only once something fails.
    """
    import asyncpg

    return (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def _is_transient(error: BaseException | None) -> bool:
    code = str(getattr(error, "sqlstate", None) or "")
    return code.startswith(_CLASSES) or code in _CODES
