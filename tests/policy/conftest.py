"""A world with a policy file and two user groups."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conversations.world import World, open_world

POLICY = """\
admins = "the platform team"

[[grant]]
name = "everyone reads"
standings = ["member"]
permissions = ["help", "read", "logs", "lock"]

[[grant]]
name = "everyone builds"
standings = ["member"]
permissions = ["build"]
pipelines = ["web", "mobile"]

[[grant]]
name = "releases"
groups = ["@release"]
permissions = ["build", "approve"]
pipelines = ["deploy-*"]
branches = ["main"]

[[grant]]
name = "a partner"
users = ["U0GWEN001"]
permissions = ["help", "read"]

[[protect]]
name = "mobile needs two pairs of eyes"
pipelines = ["mobile"]
approvers = { groups = ["@release"] }

[[freeze]]
name = "weekend"
pipelines = ["web"]
from = "Fri 16:00"
until = "Mon 08:00"
zone = "Europe/London"
except = ["@release"]
reason = "nobody is here"
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """The file of the policy."""
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, "utf-8")
    return path


@pytest.fixture
async def world(tmp_path: Path, policy: Path) -> AsyncIterator[World]:
    """Alice (admin) is in @release; Bob is a member; Gwen a guest; it is Monday, 09:00 in London."""
    async with open_world(tmp_path, policy=policy) as ready:
        ready.slack.group("S0RELEASE", "release", [ready.alice.id])
        yield ready
