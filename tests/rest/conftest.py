"""A program that calls the API, in a world with a policy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.rest.caller import Caller, open_caller


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Caller]:
    """Bob's program; #deploys hears of what it does."""
    async with open_caller(tmp_path) as caller:
        yield caller
