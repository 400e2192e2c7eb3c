"""The database: there, reachable, at the newest revision; when the last webhook came."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from asyncpg import PostgresError
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bot.cli.doctor.check_postgres import line
from bot.cli.doctor.finding import Finding
from bot.history.queries import find_last_webhook_time
from bot.settings import Settings
from bot.store import migrate, schema

# asyncpg's own errors come through unwrapped while it connects.
UNUSABLE = (sa.exc.SQLAlchemyError, PostgresError, OSError)


async def database(settings: Settings) -> tuple[tuple[Finding, ...], datetime | None]:
    """Findings, and when the last webhook was received (None: never, or not known)."""
    url = settings.database_url.get_secret_value()
    migrations = "Migrations"
    file = make_url(url).database
    if not settings.postgresql and not _exists(str(file)):
        absent = Finding("Database", None, f"{file} is not there yet; `kitestring serve` makes it.")
        return (absent, Finding(migrations, None, "none needed yet.")), None
    try:
        revision, last = await migrate.current(url), None
        if revision == schema.head():
            last = await _last_delivery(url)
    except UNUSABLE as error:
        # The error's text may quote the address, and with it a password.
        broken = Finding("Database", False, f"cannot be used ({type(error).__name__}).", "Check DATABASE_URL.")
        return (broken, Finding(migrations, None, "not known without a database.")), None
    kind = "PostgreSQL" if settings.postgresql else f"SQLite, {file}"
    direct = (await line(url),) if settings.postgresql else ()
    return (Finding("Database", True, f"{kind}."), _migrations(revision), *direct), last


def _exists(file: str) -> bool:
    """Asked first, because connecting would make the file."""
    return Path(file).exists()


def _migrations(revision: str | None) -> Finding:
    name, newest = "Migrations", schema.head()
    if revision == newest:
        return Finding(name, True, f"up to date ({revision}).")
    if revision is not None and not schema.known(revision):
        newer = f"revision {revision} is newer than this version."
        return Finding(name, False, newer, "Install the newer Kitestring.")
    return Finding(name, False, f"at {revision or 'nothing'}, not at {newest}.", "Run `kitestring migrate`.")


async def _last_delivery(url: str) -> datetime | None:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await find_last_webhook_time(connection)
    finally:
        await engine.dispose()
