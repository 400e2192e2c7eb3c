"""Tells an outage of the database from a mistake in a statement."""

from __future__ import annotations

import asyncpg
import sqlalchemy as sa

# SQLSTATE classes: connection, rollback (deadlock), resources, lock not available, operator, system.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_CLASSES = ("08", "40", "53", "55P03", "57", "58")
# A transaction that was ended because it sat idle; a server that became a standby.
_CODES = ("25P03", "25006")
_LINE = (asyncpg.InterfaceError, asyncpg.InternalClientError)


def outage(error: BaseException | None) -> bool:
    """The database is locked, full, overloaded or gone: the same may work in a moment."""
    if isinstance(error, OSError | sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.TimeoutError):
        return True
    if isinstance(error, sa.exc.DBAPIError):
        return error.connection_invalidated or _passing(error.orig) or isinstance(error.orig, OSError)
    return isinstance(error, (asyncpg.PostgresError, *_LINE)) and (isinstance(error, _LINE) or _passing(error))


def _passing(error: BaseException | None) -> bool:
    code = str(getattr(error, "sqlstate", None) or "")
    return code.startswith(_CLASSES) or code in _CODES
