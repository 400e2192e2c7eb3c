"""Pipelines are changed, put away, brought back and deleted."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

import pytest
import sqlalchemy as sa
from inline_snapshot import snapshot

from bot.store.tables import audit
from tests.conversations.acts import asks
from tests.conversations.world import World, shown
from tests.provisioning.acts import STEPS, answer, asked, presses, says


async def test_what_is_named_is_changed_and_nothing_else(world: World) -> None:
    """A new name keeps the address, tags take the place of others."""
    said = await says(world, world.alice, "pipeline update web --name 'Web shop' --tag ruby,backend -b trunk")
    assert said == snapshot(
        "<@U0ALICE01> changed pipeline Web shop: name to `Web shop`, default branch to `trunk`, tags to `ruby, backend`"
    )
    assert asked(world, "PATCH") == [
        {"name": "Web shop", "slug": "web", "default_branch": "trunk", "tags": ["ruby", "backend"]}
    ]
    assert world.buildkite.pipelines["web"].name == "Web shop"


async def test_what_changes_the_meaning_of_a_pipeline_is_asked_first(world: World) -> None:
    """New steps, another repository or the whole internet as its reader: Alice is asked, then it is done."""
    said = await asks(world, world.alice, f"pipeline update web --visibility public --steps '{STEPS}'")
    assert said == snapshot("""\
Change pipeline *web*? Mind: its steps are replaced as a whole; *everybody on the internet sees it and its builds*.
[Yes, do it] [Never mind]\
""")
    assert asked(world, "PATCH") == []
    await presses(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Yes, do it")
    assert shown(answer(world)) == snapshot("<@U0ALICE01> changed pipeline Web: steps, visibility to `public`")
    assert world.buildkite.pipelines["web"].configuration == STEPS


@pytest.mark.parametrize(
    "words",
    ["pipeline update web", "pipeline update web --steps 'steps: [{comand: x}]'", "pipeline update webb -d x"],
)
async def test_a_change_that_cannot_be_is_told(world: World, words: str) -> None:
    """Nothing to change, wrong steps, no such pipeline."""
    said = await asks(world, world.alice, words)
    assert said.startswith("⚠️")
    assert asked(world, "PATCH") == []


async def test_a_pipeline_is_put_away_and_brought_back(world: World) -> None:
    """Archiving asks first; its answer has the way back, and an archived pipeline is not in the list."""
    world.buildkite.create_build("web")
    assert await asks(world, world.alice, "pipeline archive web") == snapshot("""\
Archive pipeline *Web*? Its builds are kept, but it is hidden, and can neither be built nor changed until somebody unarchives it. *One build is under way.*
[Yes, do it] [Never mind]\
""")
    await presses(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Yes, do it")
    assert shown(answer(world)) == snapshot("""\
<@U0ALICE01> archived pipeline Web
[Unarchive]\
""")
    assert "Web" not in await asks(world, world.bob, "pipeline list")
    assert await asks(world, world.alice, "pipeline archive web") == snapshot("⚠️ Web is archived already.")
    await presses(world, world.alice, answer(world), "Unarchive")
    assert shown(answer(world)) == snapshot("<@U0ALICE01> unarchived pipeline Web")
    assert world.buildkite.pipelines["web"].archived_at is None


async def test_an_archived_pipeline_offers_only_the_way_back(world: World) -> None:
    """It can neither be built nor changed: those buttons are not there."""
    world.buildkite.archive("mobile")
    assert (await asks(world, world.alice, "pipeline view mobile")).splitlines()[-1] == snapshot(
        "[Show YAML] [Unarchive] [Open]"
    )


async def test_deleting_says_what_is_lost_and_what_is_gentler(world: World) -> None:
    """Alice is told how many builds go with it, and of the archive; no leaves it as it is, yes ends it."""
    world.buildkite.create_build("web")
    world.buildkite.create_build("web")
    assert await asks(world, world.alice, "pipeline delete web") == snapshot("""\
*Delete* pipeline *Web*? Its builds, up to #2, are lost with their logs, artifacts and annotations, and so are its settings, schedules and webhook. Nothing brings it back, and links to it lead nowhere. *2 builds are under way.* To keep its builds, archive it: `/bk pipeline archive web`.
[Yes, do it] [Never mind]\
""")
    await presses(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Never mind")
    assert "web" in world.buildkite.pipelines
    await asks(world, world.alice, "pipeline delete web")
    await presses(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Yes, do it")
    assert shown(answer(world)) == snapshot("<@U0ALICE01> deleted pipeline *web* and its builds")
    assert "web" not in world.buildkite.pipelines
    assert await asks(world, world.bob, "pipeline view web") == snapshot("⚠️ There is no pipeline “web”.")


async def test_the_audit_keeps_no_steps(world: World) -> None:
    """Steps may hold what should be secret: the audit says only how many lines they had."""
    steps = "steps:\n  - command: make\n    env: {PASSWORD: hunter2}\n"
    await says(world, world.alice, f"pipeline update web --yes --steps '{steps}'")
    said = await asks(world, world.alice, "audit --pipeline web")
    assert "hunter2" not in said
    async with world.bot.store.read() as tx:
        query = sa.select(audit.c.detail).where(audit.c.operation == "pipeline update")
        rows = (await tx.execute(query)).scalars().all()
    assert [row["args"]["steps"] for row in rows if (row or {}).get("args")] == ["3 lines"]


@pytest.mark.parametrize("verb", ["update web -d x", "archive web", "unarchive web", "delete web", "webhook web"])
async def test_only_those_who_may_change_pipelines(world: World, verb: str) -> None:
    """Bob, a member, is told who may; nothing is asked of Buildkite."""
    said = await asks(world, world.bob, f"pipeline {verb}")
    assert "is for workspace admins" in said
    assert [request for request in world.buildkite.requests if request.method != "GET"] == []
