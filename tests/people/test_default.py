"""A channel's default pipeline: used if none is given, and never in a build's thread."""

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from tests.conversations.acts import read_created_build, start_build
from tests.conversations.world import World, format_message, open_world
from tests.people.acts import ask_and_read_answer

READS_WEB = """
[[grant]]
name = "everybody reads web"
standings = ["member"]
permissions = ["help", "read"]
pipelines = ["web"]

[[grant]]
name = "a partner"
users = ["U0GWEN001"]
permissions = ["help", "read"]
"""


async def choose_default(world: World, slug: str = "web") -> None:
    """Alice chooses a pipeline for #deploys."""
    await world.alice.types(world.deploys, f"/bk default {slug}")
    await world.settle(2)


async def test_a_channel_chooses_shows_and_ends_its_default(world: World) -> None:
    """A change of the default is posted in the channel; anyone can ask for the current one."""
    assert await ask_and_read_answer(world, world.bob, "default") == snapshot(
        "This channel has no default pipeline. Set one with `/bk default web`."
    )
    await choose_default(world, "Web")
    assert await ask_and_read_answer(world, world.bob, "default") == snapshot(
        "`web` is this channel's default pipeline. Clear it with `/bk default --none`."
    )
    await world.bob.types(world.deploys, "/bk default --none")
    await world.settle(2)
    assert [format_message(message) for message in world.slack.messages(world.deploys)] == snapshot(
        [
            "alice made `web` this channel's default pipeline",
            "bob cleared this channel's default pipeline, `web`",
        ]
    )
    assert await ask_and_read_answer(world, world.bob, "default --none") == snapshot(
        "This channel has no default pipeline. Set one with `/bk default web`."
    )


async def test_a_build_is_started_without_naming_it(world: World) -> None:
    """By slash command, by mention, and by a form that has it filled in already."""
    await choose_default(world)
    await world.alice.types(world.deploys, "/bk build create -b release")
    await world.settle(1)
    await world.alice.posts(world.deploys, "@kitestring build create -m again")
    await world.settle(3)
    assert [(build.pipeline.slug, build.branch) for build in world.buildkite.builds] == snapshot(
        [("web", "release"), ("web", "main")]
    )
    await world.alice.types(world.deploys, "/bk build create")
    await world.settle(1)
    modal = world.slack.modal_of(world.alice)
    assert modal is not None
    assert modal.plain().split("\n")[1] == snapshot("Pipeline: [web]")
    await world.alice.submits({"Message": "from the form"})
    await world.settle(3)
    assert read_created_build(world)["message"] == "from the form"
    assert world.buildkite.builds[-1].pipeline.slug == "web"


async def test_an_answer_says_that_the_default_was_used(world: World) -> None:
    """A list, a report, a build: each says that it is of the channel's pipeline; `*` still means all."""
    await choose_default(world)
    await start_build(world)
    lines = (await ask_and_read_answer(world, world.bob, "build list")).split("\n")
    assert (lines[0], lines[-1]) == snapshot(
        ("Builds of web, newest first", "Using this channel's default pipeline, `web`.")
    )
    assert (await ask_and_read_answer(world, world.bob, "build list *")).split("\n")[0] == snapshot(
        "Builds, newest first"
    )
    assert (await ask_and_read_answer(world, world.bob, "health")).split("\n")[0] == snapshot(
        "*Health of web over the last 7 days*"
    )
    assert (await ask_and_read_answer(world, world.bob, "health")).split("[")[0].strip().split("\n")[
        -1
    ] == snapshot("Based on 0 builds. · Using this channel's default pipeline, `web`.")
    assert (await ask_and_read_answer(world, world.bob, "build view")).split("\n")[0] == snapshot(
        "🕒 web#1 scheduled"
    )
    assert (await ask_and_read_answer(world, world.bob, "build view 1")).split("\n")[0] == snapshot(
        "🕒 web#1 scheduled"
    )
    assert await ask_and_read_answer(world, world.bob, "build view 7") == snapshot("""\
⚠️ Buildkite has no build web#7, or the token can't see it.
Buildkite says: No build found\
""")
    assert (await ask_and_read_answer(world, world.bob, "build cancel")).split("\n")[0] == snapshot(
        "Cancel web#1 on `main`? It is scheduled."
    )


async def test_in_the_thread_of_a_build_the_default_does_not_apply(world: World) -> None:
    """In the thread of a build of mobile, the channel's default doesn't apply."""
    await choose_default(world)
    await start_build(world, "mobile")
    card = world.card()
    await world.bob.posts(world.deploys, "@kitestring build view", thread_ts=card)
    await world.settle(1)
    await world.bob.posts(world.deploys, "@kitestring build list", thread_ts=card)
    await world.settle(2)
    assert [whisper.split("\n")[0] for whisper in world.whispers(world.bob)[-2:]] == snapshot(
        ["🕒 mobile#1 scheduled", "Builds of mobile, newest first"]
    )


async def test_it_is_for_one_channel(world: World) -> None:
    """A default doesn't apply in other channels."""
    await choose_default(world)
    other = world.slack.channel("C0OTHER01", "other")
    await world.alice.types(other, "/bk build create -b main")
    await world.settle(2)
    assert world.whispers(world.alice)[-1] == snapshot("""\
⚠️ `build create` needs `pipeline`.
Usage: `/bk build create <pipeline> [-b branch] [-c commit] [-m message] [-e KEY=value] [-M KEY=value] …`\
""")


async def test_an_invalid_default_is_explained(world: World) -> None:
    """A pipeline that there is not, and both at once."""
    assert await ask_and_read_answer(world, world.alice, "default wbe") == snapshot("""\
⚠️ There's no pipeline “wbe”.
Did you mean web?\
""")
    assert await ask_and_read_answer(world, world.alice, "default web --none") == snapshot("""\
⚠️ You gave both `web` and `--none`.
Choose one.\
""")


async def test_people_cannot_choose_a_pipeline_they_may_not_see(tmp_path: Path) -> None:
    """Bob sees web alone, and Gwen is a guest: neither chooses mobile for everybody."""
    path = tmp_path / "policy.toml"
    path.write_text(READS_WEB)
    async with open_world(tmp_path, policy=path) as world:
        assert await ask_and_read_answer(world, world.bob, "default mobile") == snapshot("""\
⚠️ You may not run `default` on `mobile` here.
Your grant “everybody reads web” is for pipelines `web`. Ask <@U0GWEN001> to do it.\
""")
        assert await ask_and_read_answer(world, world.gwen, "default web") == snapshot("""\
⚠️ Guests can't set a channel's default.
Ask a full member to do it.\
""")
        assert world.slack.messages(world.deploys) == []
        await world.bob.types(world.deploys, "/bk default web")
        await world.settle(2)
        assert format_message(world.card()) == snapshot("bob made `web` this channel's default pipeline")
