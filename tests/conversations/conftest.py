"""A world to talk in: simulated Slack and Buildkite over HTTP, the bot between them, and one hand-held clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conversations.world import World, opened


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Alice (admin), Bob (member) and Gwen (guest) in #deploys; pipelines, agents; webhooks arriving."""
    async with opened(tmp_path) as ready:
        yield ready
