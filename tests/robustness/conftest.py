"""Fixtures: both vendors, people, and a bot that can die and be started again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conversations.world import World
from tests.robustness.lives import Lives, open_town


@pytest.fixture
async def lives(tmp_path: Path) -> AsyncIterator[Lives]:
    """The lives of the bot, the first of which has begun."""
    async with open_town(tmp_path) as ready:
        await ready.start_first_life()
        yield ready


@pytest.fixture
def world(lives: Lives) -> World:
    """The world during the bot's current life."""
    return lives.world
