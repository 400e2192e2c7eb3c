"""Fixtures: worlds and fleets on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.databases import create_database, postgresql, ready
from tests.postgres.fleet import Fleet, open_fleet
from tests.postgres.replicas import Replicas, open_replicas

__all__ = ["postgresql", "ready"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests in this folder as needing PostgreSQL."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.postgres)


@pytest.fixture
async def database(postgresql: sa.URL, ready: str) -> AsyncIterator[sa.URL]:
    """A new database at the newest schema."""
    async with create_database(postgresql, ready) as url:
        yield url


@pytest.fixture(params=[1, 2, 3], ids=["one", "two", "three"])
async def replicas(request: pytest.FixtureRequest, database: sa.URL) -> AsyncIterator[Replicas]:
    """A world in which this many bots share a database, and requests reach them in turn."""
    async with open_replicas(database, request.param) as ready:
        yield ready


@pytest.fixture
async def pair(database: sa.URL) -> AsyncIterator[Replicas]:
    """A world with two bots."""
    async with open_replicas(database, 2) as ready:
        yield ready


@pytest.fixture
async def trio(database: sa.URL) -> AsyncIterator[Replicas]:
    """A world with three bots."""
    async with open_replicas(database, 3) as ready:
        yield ready


@pytest.fixture
async def fleet(database: sa.URL, tmp_path: Path) -> AsyncIterator[Fleet]:
    """Both vendors, without any replica yet."""
    async with open_fleet(database, tmp_path) as ready:
        yield ready
