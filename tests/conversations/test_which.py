"""Commands that don't name their build."""

from __future__ import annotations

from inline_snapshot import snapshot

from simulators.slack.models import Message
from tests.conversations.acts import ask_privately, start_build
from tests.conversations.world import World


async def start_two_in_thread(world: World) -> Message:
    """Start two builds as Alice in one thread, both scheduled."""
    root = (await world.alice.posts(world.deploys, "Release day")).message
    assert root is not None
    for pipeline in ("web", "api"):
        await world.alice.posts(world.deploys, f"@kitestring build create {pipeline}", thread_ts=root)
        await world.settle(3)
    return root


async def test_the_only_active_build_is_taken(world: World) -> None:
    """One of two has ended, so the other is canceled."""
    root = await start_two_in_thread(world)
    web, api = world.buildkite.builds
    world.buildkite.run_build(web)
    await world.settle(4)
    assert await ask_privately(world, world.bob, "cancel", root) == snapshot("""\
Cancel api#1 on `main`? It is scheduled.
[Cancel build] [Never mind]\
""")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Cancel build")
    await world.settle(4)
    assert (web.state, api.state) == ("passed", "canceled")


async def test_several_active_builds_are_offered_as_buttons(world: World) -> None:
    """The choice is private; after it, a typed cancel still asks about that build."""
    root = await start_two_in_thread(world)
    first = await ask_privately(world, world.bob, "cancel", root)
    assert first == snapshot("""\
⚠️ This thread has several builds. Which one do you mean?
[api#1 main (scheduled)] [web#1 main (scheduled)]\
""")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "api#1 main (scheduled)")
    await world.settle(1)
    assert world.whispers(world.bob) == snapshot(
        [
            """\
Cancel api#1 on `main`? It is scheduled.
[Cancel build] [Never mind]\
"""
        ]
    )
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Cancel build")
    await world.settle(4)
    assert [build.state for build in world.buildkite.builds] == ["scheduled", "canceled"]


async def test_a_pipeline_or_a_number_is_enough(world: World) -> None:
    """In the thread, `api` means its build there; in the channel a number finds its pipeline."""
    root = await start_two_in_thread(world)
    assert (await ask_privately(world, world.bob, "view api", root)).split("\n")[0] == snapshot(
        "🕒 api#1 scheduled"
    )
    assert (await ask_privately(world, world.bob, "build view web")).split("\n")[0] == snapshot(
        "🕒 web#1 scheduled"
    )
    await start_build(world, "docs-site")
    assert await ask_privately(world, world.bob, "build view 7") == snapshot("""\
⚠️ Which pipeline's build 7?
[api#7] [docs-site#7] [web#7]\
""")


async def test_outside_of_threads_a_build_has_to_be_named(world: World) -> None:
    """A channel has many builds, so a slash command has to name one."""
    await start_build(world)
    assert await ask_privately(world, world.bob, "cancel") == snapshot("""\
⚠️ Which build do you mean?
Name it (`web 101`, `web#101` or its URL), or ask in the build's thread.\
""")
