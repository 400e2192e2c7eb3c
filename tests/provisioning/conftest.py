"""A world with a team and a template, whose bot knows its own URL but gets no webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openapi_core import OpenAPI

from tests.contract.validation import load_rest_spec, validate
from tests.conversations.world import World, open_world

ADDRESS = "https://kitestring.acme.example"
TEMPLATE = "018a86cc-db73-7d15-8c68-5023cf8d64c3"
TEAM = "c5b6ba73-9a0b-4d4e-9a0c-1d1f6f0f7b3a"


@pytest.fixture(scope="session")
def contract() -> OpenAPI:
    """Buildkite's OpenAPI document."""
    return load_rest_spec()


@pytest.fixture
async def world(tmp_path: Path, contract: OpenAPI) -> AsyncIterator[World]:
    """Alice (admin), Bob (member); a team, and a template.

    At the end everything that was asked of Buildkite is held against its contract.
    """
    async with open_world(tmp_path, webhooks=False, more={"KITESTRING_URL": ADDRESS}) as ready:
        add_team_and_template(ready)
        yield ready
    validate(ready.buildkite.requests, contract)


def add_team_and_template(world: World) -> None:
    """Add a team and a template to Buildkite."""
    made = {"created_at": "2026-01-01T00:00:00.000Z", "created_by": None}
    team = {"id": TEAM, "graphql_id": "x", "name": "Web team", "slug": "web-team", "description": None}
    world.buildkite.documents_of("team").append({**team, "privacy": "visible", "default": False, **made})
    template = {"uuid": TEMPLATE, "graphql_id": "x", "name": "Deploy", "description": "How we deploy"}
    steps = {"configuration": "steps:\n  - command: bin/deploy\n", "available": True}
    links = {"url": "/t", "web_url": "/t", "updated_at": None, "updated_by": None}
    world.buildkite.documents_of("template").append({**template, **steps, **links, **made})
