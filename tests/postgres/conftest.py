"""Worlds and fleets on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.databases import database, postgresql
from tests.postgres.fleet import Fleet, harbour
from tests.postgres.replicas import Replicas, opened

__all__ = ["database", "postgresql"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.postgres)


@pytest.fixture(params=[1, 2, 3], ids=["one", "two", "three"])
async def replicas(request: pytest.FixtureRequest, database: sa.URL) -> AsyncIterator[Replicas]:
    """A world in which so many bots share a database, and requests arrive at each of them in turn."""
    async with opened(database, request.param) as ready:
        yield ready


@pytest.fixture
async def pair(database: sa.URL) -> AsyncIterator[Replicas]:
    """Two bots."""
    async with opened(database, 2) as ready:
        yield ready


@pytest.fixture
async def trio(database: sa.URL) -> AsyncIterator[Replicas]:
    """Three bots."""
    async with opened(database, 3) as ready:
        yield ready


@pytest.fixture
async def fleet(database: sa.URL, tmp_path: Path) -> AsyncIterator[Fleet]:
    """Both vendors, and no replica yet."""
    async with harbour(database, tmp_path) as ready:
        yield ready
