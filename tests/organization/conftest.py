"""A world whose bot has an agent token as well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openapi_core import OpenAPI

from tests.contract.validation import rest_spec, validate
from tests.conversations.world import World, opened


@pytest.fixture(scope="session")
def contract() -> OpenAPI:
    """What Buildkite promises and expects."""
    return rest_spec()


@pytest.fixture
async def world(tmp_path: Path, contract: OpenAPI) -> AsyncIterator[World]:
    """Alice (admin), Bob (member) and Gwen (guest) in #deploys; the Agent API can be asked.

    At the end everything that was asked of Buildkite is held against its contract.
    """
    async with opened(tmp_path, agents=True, webhooks=False) as ready:
        yield ready
    validate(ready.buildkite.requests, contract)
