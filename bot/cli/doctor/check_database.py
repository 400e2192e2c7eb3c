"""Checks that the database is reachable and migrated, and finds when the last webhook arrived."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from asyncpg import PostgresError
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bot.cli.doctor.check_postgres import check_direct_connection
from bot.cli.doctor.finding import Finding
from bot.history.queries import find_last_webhook_time
from bot.settings import Settings
from bot.slack.notices import find_dropped_events
from bot.store import migrate

# While connecting, asyncpg's errors aren't wrapped by SQLAlchemy.
CONNECTION_ERRORS = (sa.exc.SQLAlchemyError, PostgresError, OSError)


class _Notes(NamedTuple):
    """When the last webhook arrived, and when Slack last dropped events."""

    webhook_at: datetime | None = None
    events_dropped_at: datetime | None = None


async def check_database(settings: Settings, now: datetime) -> tuple[tuple[Finding, ...], datetime | None]:
    """Return the findings, and when the last webhook arrived (None: never, or unknown)."""
    url = settings.database_url.get_secret_value()
    migrations = "Migrations"
    file = make_url(url).database
    if not settings.postgresql and not _exists(str(file)):
        absent = Finding("Database", None, f"{file} doesn't exist yet; `kitestring serve` creates it.")
        return (absent, Finding(migrations, None, "not needed yet.")), None
    try:
        revision, notes = await migrate.read_current_revision(url), _Notes()
        if revision == migrate.newest_revision():
            notes = await _read_notes(url, now)
    except CONNECTION_ERRORS as error:
        # The error's own text may contain the address, and with it a password.
        broken = Finding("Database", False, f"can't be used ({type(error).__name__}).", "Check DATABASE_URL.")
        return (broken, Finding(migrations, None, "unknown without a database.")), None
    kind = "PostgreSQL" if settings.postgresql else f"SQLite, {file}"
    direct = (await check_direct_connection(url),) if settings.postgresql else ()
    dropped = (_describe_dropped_events(notes.events_dropped_at),) if notes.events_dropped_at else ()
    findings = (Finding("Database", True, f"{kind}."), _check_migrations(revision), *direct, *dropped)
    return findings, notes.webhook_at


def _exists(file: str) -> bool:
    """Tell whether the file exists; connecting would create it."""
    return Path(file).exists()


def _check_migrations(revision: str | None) -> Finding:
    name, newest = "Migrations", migrate.newest_revision()
    if revision == newest:
        return Finding(name, True, f"up to date ({revision}).")
    if revision is not None and not migrate.is_known(revision):
        newer = f"revision {revision} is newer than this version."
        return Finding(name, False, newer, "Install the newer version of Kitestring.")
    return Finding(
        name, False, f"at {revision or 'no revision'} instead of {newest}.", "Run `kitestring migrate`."
    )


async def _read_notes(url: str, now: datetime) -> _Notes:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return _Notes(await find_last_webhook_time(connection), await find_dropped_events(connection, now))
    finally:
        await engine.dispose()


def _describe_dropped_events(at: datetime) -> Finding:
    """https://docs.slack.dev/apis/events-api/#rate_limiting"""
    return Finding(
        "Slack events",
        False,
        f"Slack dropped events at {at:%Y-%m-%d %H:%M} UTC, as it sent more than 30,000 within an hour.",
        "Mentions and direct messages of that time may have gone unanswered; ask people to repeat them.",
    )
