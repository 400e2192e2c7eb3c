"""A world in which people act in their own names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conversations.world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Alice (admin), Bob (member) and Gwen (guest) in #deploys; pipelines, agents; webhooks arriving."""
    async with open_world(tmp_path) as ready:
        yield ready
