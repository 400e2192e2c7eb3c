"""A world whose bot also has an agent token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openapi_core import OpenAPI

from tests.contract.validation import load_rest_spec, validate
from tests.conversations.world import World, open_world


@pytest.fixture(scope="session")
def contract() -> OpenAPI:
    """Buildkite's OpenAPI document."""
    return load_rest_spec()


@pytest.fixture
async def world(tmp_path: Path, contract: OpenAPI) -> AsyncIterator[World]:
    """Alice (admin), Bob (member) and Gwen (guest) in #deploys; the Agent API can be asked.

    At the end everything that was asked of Buildkite is held against its contract.
    """
    async with open_world(tmp_path, agents=True, webhooks=False) as ready:
        yield ready
    validate(ready.buildkite.requests, contract)
