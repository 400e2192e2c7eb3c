"""A town for each test: both vendors, people, and a bot that can die and live again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conversations.world import World
from tests.robustness.lives import Lives, town


@pytest.fixture
async def lives(tmp_path: Path) -> AsyncIterator[Lives]:
    """The bot's lives."""
    async with town(tmp_path) as ready:
        await ready.begun()
        yield ready


@pytest.fixture
def world(lives: Lives) -> World:
    """The world in the bot's present life."""
    return lives.world
