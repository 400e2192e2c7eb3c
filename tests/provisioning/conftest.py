"""A world with teams and a template, whose bot knows its own address; nothing is delivered to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openapi_core import OpenAPI

from tests.contract.validation import rest_spec, validate
from tests.conversations.world import World, opened

ADDRESS = "https://kitestring.acme.example"
TEMPLATE = "018a86cc-db73-7d15-8c68-5023cf8d64c3"
TEAM = "c5b6ba73-9a0b-4d4e-9a0c-1d1f6f0f7b3a"


@pytest.fixture(scope="session")
def contract() -> OpenAPI:
    """What Buildkite promises and expects."""
    return rest_spec()


@pytest.fixture
async def world(tmp_path: Path, contract: OpenAPI) -> AsyncIterator[World]:
    """Alice (admin), Bob (member); a team, and a template.

    At the end everything that was asked of Buildkite is held against its contract.
    """
    async with opened(tmp_path, webhooks=False, more={"KITESTRING_URL": ADDRESS}) as ready:
        furnish(ready)
        yield ready
    validate(ready.buildkite.requests, contract)


def furnish(world: World) -> None:
    """Stand a team and a template on Buildkite's shelf."""
    made = {"created_at": "2026-01-01T00:00:00.000Z", "created_by": None}
    team = {"id": TEAM, "graphql_id": "x", "name": "Web team", "slug": "web-team", "description": None}
    world.buildkite.documents_of("team").append({**team, "privacy": "visible", "default": False, **made})
    template = {"uuid": TEMPLATE, "graphql_id": "x", "name": "Deploy", "description": "How we deploy"}
    steps = {"configuration": "steps:\n  - command: bin/deploy\n", "available": True}
    links = {"url": "/t", "web_url": "/t", "updated_at": None, "updated_by": None}
    world.buildkite.documents_of("template").append({**template, **steps, **links, **made})
