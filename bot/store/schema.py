"""Which schema a database has, and which this version of the code is written for.

Read without Alembic, whose import costs more than the reading: it is needed only where there is something to do.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

MIGRATIONS = Path(__file__).parent / "migrations"
# https://alembic.sqlalchemy.org/en/latest/api/runtime.html: one row, and none in a database that was taken back
_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))


def head() -> str:
    """The newest revision there is."""
    return revisions()[-1]


def known(revision: str) -> bool:
    """Whether this version of the code knows that revision: a newer schema must not be written to."""
    return revision in revisions()


def revisions() -> tuple[str, ...]:
    """All there are, oldest first, one upon the other: a file is named after its revision, `0001_first.py`."""
    return tuple(sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")))


def revision_of(connection: sa.Connection) -> str | None:
    """The revision that the database of this connection is at; None for an empty one."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    found: str | None = connection.scalar(sa.select(_VERSION.c.version_num))
    return found
