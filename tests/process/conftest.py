"""Towns with the bot in them, reached by Slack over HTTP or over Socket Mode."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.process.town import Town, town


@pytest.fixture(params=["http", "socket"])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Town]:
    """A town in which nobody runs yet."""
    async with town(tmp_path, socket=request.param == "socket") as made:
        yield made


@pytest.fixture
async def here(empty: Town) -> AsyncIterator[Town]:
    """A town with the bot; at the end it stops when it is told, and is found to have kept the contracts."""
    program = await empty.serve()
    yield empty
    assert await program.terminated() == 0, program.said
    empty.check()


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Town]:
    """A town in which nobody runs yet, reached over HTTP."""
    async with town(tmp_path, socket=False) as made:
        yield made
