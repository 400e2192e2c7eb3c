"""Migrates a database to the newest schema, and refuses one that is newer than this version.

The revision is read without Alembic, whose import takes longer than everything else at startup: it is imported
only if there is something to migrate.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from bot.errors import KitestringError
from bot.store.engine import make_migration_engine
from bot.store.outage import connection_errors

MIGRATIONS = Path(__file__).parent / "migrations"
# Alembic's table: one row, or none after everything was downgraded.
# https://alembic.sqlalchemy.org/en/latest/api/runtime.html
_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))
# Number of the advisory lock (arbitrary) by which replicas that start together take turns on PostgreSQL. On SQLite
# the write lock does the same.
_LOCK = 0x6B697465


async def upgrade(url: str, revision: str = "head") -> None:
    """Run the missing migrations under a lock; safe to repeat and to run in several places at once.

    Raise KitestringError if the database can't be used, or is newer than this version.
    """
    engine = make_migration_engine(sa.make_url(url))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, revision)
    except connection_errors() as error:
        raise _describe_failure(error) from None
    finally:
        await engine.dispose()


async def check_schema(url: str) -> None:
    """Raise KitestringError unless the database has exactly the schema of this version."""
    try:
        revision = await read_current_revision(url)
    except connection_errors() as error:
        raise _describe_failure(error) from None
    _refuse_newer(revision)
    if revision != newest_revision():
        raise KitestringError(
            f"The database is at {revision or 'no revision'}, not at {newest_revision()}.",
            "Run `kitestring migrate` first.",
        )


async def read_current_revision(url: str) -> str | None:
    """Return the database's revision; None if it is empty."""
    engine = make_migration_engine(sa.make_url(url))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(read_revision)
    finally:
        await engine.dispose()


def _upgrade(connection: sa.Connection, revision: str) -> None:
    target = newest_revision() if revision == "head" else revision
    if read_revision(connection) == target:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    # Read again: another replica may have migrated while this one waited for the lock.
    _refuse_newer(read_revision(connection))
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _describe_failure(error: BaseException) -> KitestringError:
    """Name only the error's type, since its text may quote the URL and thus a password."""
    return KitestringError(f"The database can't be used ({type(error).__name__}).", "Check DATABASE_URL.")


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and not is_known(revision):
        raise KitestringError(
            f"The database is at revision {revision}, which this version doesn't know.",
            "Install a newer version of Kitestring.",
        )


def newest_revision() -> str:
    """Return the newest revision that this version knows."""
    return list_revisions()[-1]


def is_known(revision: str) -> bool:
    """Return whether this version knows the revision; it must not write to a newer schema."""
    return revision in list_revisions()


def list_revisions() -> tuple[str, ...]:
    """Return all revisions, oldest first, from the names of their files (`0001_first.py`)."""
    return tuple(sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")))


def read_revision(connection: sa.Connection) -> str | None:
    """Return the revision of the database that the connection is to; None if it is empty."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    revision: str | None = connection.scalar(sa.select(_VERSION.c.version_num))
    return revision
