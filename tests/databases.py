"""Fixtures: a private PostgreSQL server for the session, and an empty database for each test."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
import sqlalchemy as sa

from tests.postgres_server import run_server

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[sa.URL]:
    """The server's own database."""
    with run_server() as url:
        yield sa.make_url(url)


@pytest.fixture
async def database(postgresql: sa.URL) -> AsyncIterator[sa.URL]:
    """A new database, which is dropped afterwards."""
    name = f"kitestring_{next(_NUMBERS)}"
    await _command(postgresql, f"CREATE DATABASE {name}")
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
