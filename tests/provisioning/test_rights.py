"""A grant of pipelines may name them: new ones are judged by their future slug."""

from __future__ import annotations

from pathlib import Path

from simulators.slack.person import Person
from tests.conversations.acts import asks
from tests.conversations.world import World, opened
from tests.provisioning.acts import REPO, asked, says

POLICY = """\
admins = "the platform team"

[[grant]]
name = "everybody reads"
standings = ["member"]
permissions = ["help", "read"]

[[grant]]
name = "Bob keeps the web pipelines"
users = ["U0BOB0001"]
permissions = ["pipelines"]
pipelines = ["web", "web-*"]

[[grant]]
name = "Ada reads docs"
users = ["U0ADA0001"]
permissions = ["pipelines"]
pipelines = ["docs-*"]
"""


async def refused(world: World, person: Person, words: str) -> bool:
    """Whether somebody is refused, with nothing changed."""
    said = await asks(world, person, words)
    return "Your grant “" in said and asked(world, "POST") == []


async def test_a_grant_of_pipelines_names_which(tmp_path: Path) -> None:
    """Bob makes `web-shop`, but not `shop`; he changes web, but not docs-site, and builds neither therefore."""
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, "utf-8")
    async with opened(tmp_path, webhooks=False, policy=path) as world:
        assert await refused(world, world.bob, f"pipeline create Shop -r {REPO}")
        assert await refused(world, world.bob, f"pipeline create Shop -r {REPO} --pipeline web-shop")
        assert await refused(world, world.bob, "pipeline copy web Docs-web")
        assert await refused(world, world.bob, "pipeline update docs-site -d x")
        said = await says(world, world.bob, f"pipeline create 'Web shop' -r {REPO} --build")
        assert "created pipeline Web shop" in said
        assert "✗ first build: No one may run `build create`" in said
        assert [body["slug"] for body in asked(world, "POST", "/pipelines")] == ["web-shop"]
        assert world.buildkite.builds == []
