"""A world in which programs act for people, under a policy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conversations.world import World, open_world

POLICY = """\
admins = "the platform team"

[[grant]]
name = "everyone builds"
standings = ["member"]
permissions = ["help", "read", "build", "approve", "lock"]

[[grant]]
name = "admins"
standings = ["admin"]
permissions = ["admin"]

[[grant]]
name = "nightly"
groups = ["service:release-bot"]
permissions = ["build"]
pipelines = ["web"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
approvers = { users = ["U0BOB0001"] }
"""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Alice (admin), Bob (member) and Gwen (guest) in #deploys, under a policy that protects deploy-*."""
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    async with open_world(tmp_path, policy=tmp_path / "policy.toml") as ready:
        yield ready
