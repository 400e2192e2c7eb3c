"""Brings a database to the newest schema, and refuses one that is newer still."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from bot.errors import KitestringError
from bot.store.engine import make_migration_engine
from bot.store.outage import connection_errors

MIGRATIONS = Path(__file__).parent / "migrations"
# https://alembic.sqlalchemy.org/en/latest/api/runtime.html: one row, and none in a database that was taken back
_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))
# One arbitrary number of ours: replicas that start together take turns on PostgreSQL.
_LOCK = 0x6B697465


async def upgrade(url: str, revision: str = "head") -> None:
    """Run what migrations are missing, under a lock; safe to repeat and to run from several places at once.

    Raises KitestringError when the database cannot be used, or is newer than this version.
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
    """Only look. Raises KitestringError when the database has not exactly the schema of this version."""
    try:
        revision = await read_current_revision(url)
    except connection_errors() as error:
        raise _describe_failure(error) from None
    _refuse_newer(revision)
    if revision != newest_revision():
        raise KitestringError(
            f"The database is at {revision or 'no revision'}, not at {newest_revision()}.", "Run `kitestring migrate` first."
        )


async def read_current_revision(url: str) -> str | None:
    """The revision that the database is at; None for an empty one."""
    engine = make_migration_engine(sa.make_url(url))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(read_revision)
    finally:
        await engine.dispose()


def _upgrade(connection: sa.Connection, revision: str) -> None:
    """Alembic is imported where there is something for it to do."""
    wanted = newest_revision() if revision == "head" else revision
    if read_revision(connection) == wanted:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    _refuse_newer(read_revision(connection))
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _describe_failure(error: BaseException) -> KitestringError:
    """The error's text may quote the address, and with it a password: only its kind is told."""
    return KitestringError(f"The database cannot be used ({type(error).__name__}).", "Check DATABASE_URL.")


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and not is_known(revision):
        raise KitestringError(
            f"The database is at revision {revision}, which this version does not know.",
            "Install the newer Kitestring.",
        )


def newest_revision() -> str:
    """The newest revision there is."""
    return list_revisions()[-1]


def is_known(revision: str) -> bool:
    """Whether this version of the code knows that revision: a newer schema must not be written to."""
    return revision in list_revisions()


def list_revisions() -> tuple[str, ...]:
    """All there are, oldest first, one upon the other: a file is named after its revision, `0001_first.py`."""
    return tuple(sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")))


def read_revision(connection: sa.Connection) -> str | None:
    """The revision that the database of this connection is at; None for an empty one."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    found: str | None = connection.scalar(sa.select(_VERSION.c.version_num))
    return found
