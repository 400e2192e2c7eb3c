"""Fixtures: an empty database of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.transactions import Store
from tests.databases import database, postgresql

__all__ = ["database", "postgresql"]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The database's SQLAlchemy URL."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'kitestring.db'}"
    database: sa.URL = request.getfixturevalue("database")
    return database.render_as_string(hide_password=False)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """A store for the database, which hasn't been migrated."""
    opened = Store(url)
    yield opened
    await opened.close()
