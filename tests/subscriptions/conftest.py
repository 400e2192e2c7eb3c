"""The usual world, and one with a subscriptions file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.conversations.conftest import contract, world
from tests.conversations.world import World, open_world

__all__ = ["contract", "world"]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A file that subscribes #deploys to web on main."""
    path = tmp_path / "subscriptions.toml"
    path.write_text('[[subscription]]\nchannel = "C0DEPLOYS"\npipeline = "web"\nbranch = "main"\n')
    return path


@pytest.fixture
def rewrite(rules: Path) -> Callable[[str], object]:
    """Writes other rules into the file."""
    return rules.write_text


@pytest.fixture
async def file_world(tmp_path: Path, rules: Path) -> AsyncIterator[World]:
    """The world of a bot that was given that file."""
    async with open_world(tmp_path, subscriptions=rules) as ready:
        yield ready
