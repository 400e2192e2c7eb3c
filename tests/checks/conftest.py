"""Fixtures for the checks of documents: a command bench and an empty database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.transactions import Store
from tests.commands.conftest import bench, buildkite, clock, sim

__all__ = ["bench", "buildkite", "clock", "sim"]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An SQLite database without any tables."""
    opened = Store(f"sqlite+aiosqlite:///{tmp_path / 'kitestring.db'}")
    yield opened
    await opened.close()
