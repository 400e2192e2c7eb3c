"""Fixtures: towns with the bot in them, which Slack reaches over HTTP or Socket Mode."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.process.town import Town, open_town

TRANSPORTS = ("http", "socket")


@pytest_asyncio.fixture(params=TRANSPORTS, scope="module", loop_scope="module")
async def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A town with one bot for all conversations of a module, which must stop when asked at the end."""
    async with open_town(tmp_path_factory.mktemp("town"), socket=request.param == "socket") as made:
        made.buildkite.limits.user.limit = 1000
        program = await made.serve()
        yield made
        assert await program.terminate() == 0, program.log_text
        made.check()


@pytest.fixture(params=TRANSPORTS)
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Town]:
    """A town without a running bot."""
    async with open_town(tmp_path, socket=request.param == "socket") as made:
        yield made


@pytest.fixture
async def by_socket(tmp_path: Path) -> AsyncIterator[Town]:
    """A town without a running bot, for Socket Mode."""
    async with open_town(tmp_path, socket=True) as made:
        yield made


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Town]:
    """A town without a running bot, for HTTP."""
    async with open_town(tmp_path, socket=False) as made:
        yield made
