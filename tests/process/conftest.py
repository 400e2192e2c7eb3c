"""Towns with the bot in them, reached by Slack over HTTP or over Socket Mode."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.process.town import Town, town

TRANSPORTS = ("http", "socket")


@pytest_asyncio.fixture(params=TRANSPORTS, scope="module", loop_scope="module")
async def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A town with one bot for all conversations of a module, which at the end stops when it is told."""
    async with town(tmp_path_factory.mktemp("town"), socket=request.param == "socket") as made:
        made.buildkite.limits.user.limit = 1000
        program = await made.serve()
        yield made
        assert await program.terminated() == 0, program.said
        made.check()


@pytest.fixture(params=TRANSPORTS)
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Town]:
    """A town in which nobody runs yet."""
    async with town(tmp_path, socket=request.param == "socket") as made:
        yield made


@pytest.fixture
async def by_socket(tmp_path: Path) -> AsyncIterator[Town]:
    """A town in which nobody runs yet, reached over Socket Mode."""
    async with town(tmp_path, socket=True) as made:
        yield made


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Town]:
    """A town in which nobody runs yet, reached over HTTP."""
    async with town(tmp_path, socket=False) as made:
        yield made
