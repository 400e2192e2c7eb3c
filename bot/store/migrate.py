"""Brings a database to the newest schema, and refuses one that is newer still."""

from __future__ import annotations

import sqlalchemy as sa

from bot.errors import KitestringError
from bot.store.engine import patient_engine
from bot.store.outage import unusable
from bot.store.schema import MIGRATIONS, head, known, revision_of

# One arbitrary number of ours: replicas that start together take turns on PostgreSQL.
_LOCK = 0x6B697465


async def upgrade(url: str, revision: str = "head") -> None:
    """Run what migrations are missing, under a lock; safe to repeat and to run from several places at once.

    Raises KitestringError when the database cannot be used, or is newer than this version.
    """
    engine = patient_engine(sa.make_url(url))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, revision)
    except unusable() as error:
        raise _unusable(error) from None
    finally:
        await engine.dispose()


async def check(url: str) -> None:
    """Only look. Raises KitestringError when the database has not exactly the schema of this version."""
    try:
        revision = await current(url)
    except unusable() as error:
        raise _unusable(error) from None
    _refuse_newer(revision)
    if revision != head():
        raise KitestringError(
            f"The database is at {revision or 'no revision'}, not at {head()}.", "Run `kitestring migrate` first."
        )


async def current(url: str) -> str | None:
    """The revision that the database is at; None for an empty one."""
    engine = patient_engine(sa.make_url(url))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(revision_of)
    finally:
        await engine.dispose()


def _upgrade(connection: sa.Connection, revision: str) -> None:
    """Alembic is imported where there is something for it to do."""
    wanted = head() if revision == "head" else revision
    if revision_of(connection) == wanted:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    _refuse_newer(revision_of(connection))
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _unusable(error: BaseException) -> KitestringError:
    """The error's text may quote the address, and with it a password: only its kind is told."""
    return KitestringError(f"The database cannot be used ({type(error).__name__}).", "Check DATABASE_URL.")


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and not known(revision):
        raise KitestringError(
            f"The database is at revision {revision}, which this version does not know.",
            "Install the newer Kitestring.",
        )
