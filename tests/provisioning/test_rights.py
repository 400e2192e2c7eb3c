"""A grant of pipelines may name them; new pipelines are judged by their future slug."""

from __future__ import annotations

from pathlib import Path

from simulators.slack.person import Person
from tests.conversations.acts import ask_privately
from tests.conversations.world import World, open_world
from tests.provisioning.acts import REPO, find_bodies, run_command

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


async def is_refused(world: World, person: Person, words: str) -> bool:
    """Return whether the person is refused and nothing changed."""
    reply = await ask_privately(world, person, words)
    return "Your grant “" in reply and find_bodies(world, "POST") == []


async def test_a_grant_may_be_limited_to_pipelines(tmp_path: Path) -> None:
    """Bob may create `web-shop` but not `shop`, change web but not docs-site, and build neither."""
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, "utf-8")
    async with open_world(tmp_path, webhooks=False, policy=path) as world:
        assert await is_refused(world, world.bob, f"pipeline create Shop -r {REPO}")
        assert await is_refused(world, world.bob, f"pipeline create Shop -r {REPO} --pipeline web-shop")
        assert await is_refused(world, world.bob, "pipeline copy web Docs-web")
        assert await is_refused(world, world.bob, "pipeline update docs-site -d x")
        reply = await run_command(world, world.bob, f"pipeline create 'Web shop' -r {REPO} --build")
        assert "created pipeline Web shop" in reply
        assert "✗ first build: No one may run `build create`" in reply
        assert [body["slug"] for body in find_bodies(world, "POST", "/pipelines")] == ["web-shop"]
        assert world.buildkite.builds == []
