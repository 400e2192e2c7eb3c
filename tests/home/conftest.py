"""A world with link previews and App Homes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openapi_core import OpenAPI

from tests.contract.validation import load_rest_spec, validate
from tests.conversations.world import World, open_world


@pytest.fixture(scope="session")
def contract() -> OpenAPI:
    """Return Buildkite's API contract."""
    return load_rest_spec()


@pytest.fixture
async def world(tmp_path: Path, contract: OpenAPI) -> AsyncIterator[World]:
    """Alice (admin), Bob (member) and Gwen (guest) in #deploys; links to buildkite.com are told to the app.

    At the end everything that was asked of Buildkite is held against its contract, and Slack has refused nothing.
    """
    async with open_world(tmp_path) as ready:
        ready.slack.subscriptions.add("link_shared")
        ready.slack.unfurl_domains = {"buildkite.com"}
        yield ready
        refused = [
            call for call in ready.slack.calls if call.error in ("invalid_arguments", "invalid_unfurls_format")
        ]
        assert refused == []
    validate(ready.buildkite.requests, contract)
