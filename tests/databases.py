"""Fixtures: a private PostgreSQL server for the session, and an empty database for each test."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
import sqlalchemy as sa

from bot.store.migrate import upgrade
from tests.postgres_server import run_server

_NUMBERS = itertools.count(1)
_READY = "kitestring_ready"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[sa.URL]:
    """The server's own database."""
    with run_server() as url:
        yield sa.make_url(url)


@pytest.fixture
async def database(postgresql: sa.URL) -> AsyncIterator[sa.URL]:
    """A new database, which is dropped afterwards."""
    async with create_database(postgresql) as url:
        yield url


@pytest.fixture(scope="session")
def ready(postgresql: sa.URL) -> str:
    """The name of a database at the newest schema, to be copied."""
    asyncio.run(_migrate(postgresql))
    return _READY


async def _migrate(postgresql: sa.URL) -> None:
    await _command(postgresql, f"CREATE DATABASE {_READY}")
    await upgrade(postgresql.set(database=_READY).render_as_string(hide_password=False))


@asynccontextmanager
async def create_database(postgresql: sa.URL, template: str = "template1") -> AsyncIterator[sa.URL]:
    """Provide a copy of a database: of an empty one by default."""
    name = f"kitestring_{next(_NUMBERS)}"
    await _command(postgresql, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield postgresql.set(database=name)
    await _command(postgresql, f"DROP DATABASE {name} WITH (FORCE)")


async def _command(server_url: sa.URL, command: str) -> None:
    """Run a command on a new connection, since a test may restart the server."""
    url = server_url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(command)
    finally:
        await connection.close()
