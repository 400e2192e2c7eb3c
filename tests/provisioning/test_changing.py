"""Updating, archiving, unarchiving and deleting pipelines."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

import pytest
import sqlalchemy as sa
from inline_snapshot import snapshot

from bot.store.tables_people import audit
from tests.conversations.acts import ask_privately
from tests.conversations.world import World, format_message
from tests.provisioning.acts import STEPS, find_bodies, find_reply, press, run_command


async def test_only_given_settings_are_changed(world: World) -> None:
    """A new name keeps the slug, and tags replace the current ones."""
    reply = await run_command(
        world, world.alice, "pipeline update web --name 'Web shop' --tag ruby,backend -b trunk"
    )
    assert reply == snapshot(
        "alice changed pipeline Web shop: name to `Web shop`, default branch to `trunk`, tags to `ruby, backend`"
    )
    assert find_bodies(world, "PATCH") == [
        {"name": "Web shop", "slug": "web", "default_branch": "trunk", "tags": ["ruby", "backend"]}
    ]
    assert world.buildkite.pipelines["web"].name == "Web shop"


async def test_a_risky_change_asks_first(world: World) -> None:
    """New steps, another repository or public visibility have to be confirmed."""
    reply = await ask_privately(world, world.alice, f"pipeline update web --visibility public --steps '{STEPS}'")
    assert reply == snapshot("""\
Update pipeline *web*? Note: all its steps are replaced; *everyone on the internet can see it and its builds*.
[Update pipeline] [Never mind]\
""")
    assert find_bodies(world, "PATCH") == []
    await press(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Update pipeline")
    assert format_message(find_reply(world)) == snapshot(
        "alice changed pipeline Web: steps, visibility to `public`"
    )
    assert world.buildkite.pipelines["web"].configuration == STEPS


@pytest.mark.parametrize(
    "words",
    ["pipeline update web", "pipeline update web --steps 'steps: [{comand: x}]'", "pipeline update webb -d x"],
)
async def test_an_impossible_change_is_refused(world: World, words: str) -> None:
    """No change, wrong steps or an unknown pipeline is an error."""
    reply = await ask_privately(world, world.alice, words)
    assert reply.startswith("⚠️")
    assert find_bodies(world, "PATCH") == []


async def test_a_pipeline_is_archived_and_unarchived(world: World) -> None:
    """Archiving asks first, its reply can undo it, and an archived pipeline isn't listed."""
    world.buildkite.create_build("web")
    assert await ask_privately(world, world.alice, "pipeline archive web") == snapshot("""\
Archive pipeline *Web*? Its builds are kept, but it's hidden and can't be built or changed until someone unarchives it. *1 build is in progress.*
[Archive pipeline] [Never mind]\
""")
    await press(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Archive pipeline")
    assert format_message(find_reply(world)) == snapshot("""\
alice archived pipeline Web
[Unarchive]\
""")
    assert "Web" not in await ask_privately(world, world.bob, "pipeline list")
    assert await ask_privately(world, world.alice, "pipeline archive web") == snapshot(
        "⚠️ Web is already archived."
    )
    await press(world, world.alice, find_reply(world), "Unarchive")
    assert format_message(find_reply(world)) == snapshot("alice unarchived pipeline Web")
    assert world.buildkite.pipelines["web"].archived_at is None


async def test_an_archived_pipeline_can_only_be_unarchived(world: World) -> None:
    """An archived pipeline has no buttons to build or change it."""
    world.buildkite.archive("mobile")
    assert (await ask_privately(world, world.alice, "pipeline view mobile")).splitlines()[-1] == snapshot(
        "[Show YAML] [Unarchive] [Open]"
    )


async def test_deleting_names_the_losses_and_the_alternative(world: World) -> None:
    """The question names the builds that are lost and offers archiving; declining changes nothing."""
    command = "pipeline delete web --name web"
    world.buildkite.create_build("web")
    world.buildkite.create_build("web")
    assert await ask_privately(world, world.alice, command) == snapshot("""\
*Delete* pipeline *Web*? Its builds up to #2 are deleted with their logs, artifacts and annotations, and so are its settings, schedules and webhook. This can't be undone, and links to it stop working. *2 builds are in progress.* To keep its builds, archive it instead: `/bk pipeline archive web`.
[Delete pipeline] [Never mind]\
""")
    await press(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Never mind")
    assert "web" in world.buildkite.pipelines
    await ask_privately(world, world.alice, command)
    await press(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Delete pipeline")
    assert format_message(find_reply(world)) == snapshot("alice deleted pipeline *web* and its builds")
    assert "web" not in world.buildkite.pipelines
    assert await ask_privately(world, world.bob, "pipeline view web") == snapshot("⚠️ There's no pipeline “web”.")


async def test_deleting_needs_the_name_typed(world: World) -> None:
    """`--yes` alone opens the form, which names the losses; a wrong name is refused there; the right one deletes."""
    await world.alice.types(world.deploys, "/bk pipeline delete web --yes")
    await world.settle(1)
    form = world.slack.modal_of(world.alice)
    assert form is not None
    assert form.plain() == snapshot("""\
# Delete pipeline
Its builds are deleted with their logs, artifacts and annotations, and so are its settings, schedules and webhook. This can't be undone. To keep its builds, archive it instead.
Pipeline: [web]
Type the pipeline's name to delete it: [as it's written above]
[Delete]\
""")
    ack = await world.alice.submits({"Type the pipeline's name to delete it": "wbe"})
    assert ack.body == snapshot(
        {
            "response_action": "errors",
            "errors": {
                "name": "“wbe” isn't the name of the pipeline that you want to delete. Type its name exactly."
            },
        }
    )
    assert "web" in world.buildkite.pipelines
    await world.alice.submits({"Type the pipeline's name to delete it": "web"})
    await world.settle(2)
    assert "web" not in world.buildkite.pipelines
    assert await ask_privately(world, world.alice, "pipeline delete mobile --name web -y") == snapshot("""\
⚠️ `web` isn't the name of the pipeline that you want to delete.
Type its name exactly.\
""")
    await world.alice.posts(world.deploys, "@kitestring pipeline delete mobile -y")
    await world.settle(1)
    assert world.whispers(world.alice)[-1] == snapshot("""\
`pipeline delete` needs some details.
[Delete pipeline]\
""")
    assert "mobile" in world.buildkite.pipelines


async def test_the_audit_log_has_no_steps(world: World) -> None:
    """Steps may contain secrets, so the audit log has only their number of lines."""
    steps = "steps:\n  - command: make\n    env: {PASSWORD: hunter2}\n"
    await run_command(world, world.alice, f"pipeline update web --yes --steps '{steps}'")
    reply = await ask_privately(world, world.alice, "audit --pipeline web")
    assert "hunter2" not in reply
    async with world.bot.platform.store.read() as tx:
        query = sa.select(audit.c.detail).where(audit.c.operation == "pipeline update")
        rows = (await tx.execute(query)).scalars().all()
    assert [row["args"]["steps"] for row in rows if (row or {}).get("args")] == ["3 lines"]


@pytest.mark.exhaustive(keep=2)
@pytest.mark.parametrize("verb", ["update web -d x", "archive web", "unarchive web", "delete web", "webhook web"])
async def test_members_cannot_change_pipelines(world: World, verb: str) -> None:
    """Bob, a member, is refused, and nothing is sent to Buildkite."""
    reply = await ask_privately(world, world.bob, f"pipeline {verb}")
    assert "is for workspace admins" in reply
    assert [request for request in world.buildkite.requests if request.method != "GET"] == []
