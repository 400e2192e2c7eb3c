"""Direct messages about people's own builds, for as long as they want them."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.world import World, format_message
from tests.people.acts import (
    ALICE,
    ask_and_read_answer,
    list_direct_messages,
    list_direct_texts,
    list_first_lines,
    run_pushed_build,
)


async def test_a_person_turns_messages_on_and_off(world: World) -> None:
    """Alice turns on direct messages, gets one about a failed build, and none after she turns them off."""
    assert await ask_and_read_answer(world, world.alice, "notify") == snapshot(
        "You get no direct messages. Turn them on with `/bk notify me on failed,fixed,blocked`."
    )
    assert await ask_and_read_answer(world, world.alice, "notify me on failed,blocked,fixed") == snapshot("""\
You get direct messages about your builds: failed, fixed and blocked.
Your builds are those with `alice@acme.example` as creator or author.
For builds you start from Slack, you're notified in the thread instead.
Turn this off with `/bk notify off`.\
""")
    await run_pushed_build(world, ALICE, "lint")
    assert list_direct_texts(world, world.alice) == snapshot(
        [
            """\
❌ *web#1* failed on `main`
commit by Alice Carroll f323ca7 took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Stop these] [Rebuild with changes]\
"""
        ]
    )
    card = list_direct_messages(world, world.alice)[0]
    await world.alice.clicks(card, "Stop these")
    await world.settle(2)
    assert world.replies(card)[-1] == snapshot(
        "Stopped all direct messages. Turn them back on with `/bk notify on failed,fixed,blocked`."
    )
    assert list_direct_texts(world, world.alice)[0].split("\n")[-1] == snapshot(
        "[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]"
    )
    await run_pushed_build(world, ALICE, "lint")
    assert list_first_lines(world, world.alice) == snapshot(["❌ web#1 failed on main"])


async def test_each_build_has_one_updated_message(world: World) -> None:
    """A blocked build of Alice's is one message; its thread has only the updates she chose."""
    await ask_and_read_answer(world, world.alice, "notify me on blocked and failed")
    build = await run_pushed_build(world, ALICE, pipeline="deploy-prod")
    assert list_first_lines(world, world.alice) == snapshot(["✋ deploy-prod#1 is blocked on main"])
    world.buildkite.unblock(build.find_job("release").id, {"release-name": "1"})
    world.buildkite.run_build(build)
    await world.settle(6)
    assert list_first_lines(world, world.alice) == snapshot(["✅ deploy-prod#1 passed on main"])
    assert world.replies(list_direct_messages(world, world.alice)[0]) == snapshot([])


async def test_topics_can_be_added_and_removed(world: World) -> None:
    """Each command adds or takes away what it names; what is on is shown each time."""
    words = ("notify on", "notify me on approvals", "notify off failed,fixed", "notify me off", "notify off")
    assert [await ask_and_read_answer(world, world.alice, word) for word in words] == snapshot(
        [
            """\
You get direct messages about your builds: failed, fixed and blocked.
Your builds are those with `alice@acme.example` as creator or author.
For builds you start from Slack, you're notified in the thread instead.
Turn this off with `/bk notify off`.\
""",
            """\
You get direct messages about your builds: failed, fixed and blocked.
Your builds are those with `alice@acme.example` as creator or author.
For builds you start from Slack, you're notified in the thread instead.
You get a direct message when an approval is waiting for you.
Turn this off with `/bk notify off`.\
""",
            """\
Stopped. Turn it back on with `/bk notify on failed,fixed`.
You get direct messages about your builds: blocked.
Your builds are those with `alice@acme.example` as creator or author.
For builds you start from Slack, you're notified in the thread instead.
You get a direct message when an approval is waiting for you.
Turn this off with `/bk notify off`.\
""",
            "Stopped all direct messages. Turn them back on with `/bk notify on blocked,approvals`.",
            "You get no direct messages. Turn them on with `/bk notify me on failed,fixed,blocked`.",
        ]
    )


async def test_words_that_make_no_sense_are_quoted(world: World) -> None:
    """A state that there is not, or two words that contradict each other."""
    words = ("notify me on faild", "notify on failed off", "notify --me")
    assert [await ask_and_read_answer(world, world.alice, word) for word in words] == snapshot(
        [
            """\
⚠️ `faild` isn't an option for `event`. Try `/bk notify me on failed`
[Run it]\
""",
            """\
⚠️ Use `off` only once, at the start.
For example: `notify off failed`.\
""",
            """\
⚠️ `notify` has no `--me`.
Usage: `/bk notify [event]…`\
""",
        ]
    )


async def test_a_fixed_build_is_announced(world: World) -> None:
    """Alice chose fixed builds only: of three that pass, she hears about the one after a failure."""
    await ask_and_read_answer(world, world.alice, "notify me on fixed")
    for fail in ((), ("lint",), (), ()):
        await run_pushed_build(world, ALICE, *fail)
    assert list_first_lines(world, world.alice) == ["✅ web#3 passed on main, fixed: web#2 had failed"]


async def test_chosen_updates_are_posted_in_the_thread_of_the_message(world: World) -> None:
    """A blocked build continues and fails: its card is edited, and the failure is posted in its thread."""
    await ask_and_read_answer(world, world.alice, "notify me on blocked,failed")
    build = await run_pushed_build(world, ALICE, pipeline="deploy-prod")
    world.buildkite.unblock(build.find_job("release").id, {"release-name": "1"})
    world.buildkite.run_build(build, fail=[build.jobs[-1].name or ""])
    await world.settle(6)
    assert list_first_lines(world, world.alice) == snapshot(["❌ deploy-prod#1 failed on main"])
    assert [
        reply.split("\n")[0] for reply in world.replies(list_direct_messages(world, world.alice)[0])
    ] == snapshot(["❌ deploy-prod#1 failed: 🚀 Deploy (exit 1)"])


async def test_people_cannot_stop_messages_of_others(world: World) -> None:
    """Bob can't stop Alice's messages with her button."""
    await ask_and_read_answer(world, world.alice, "notify me on failed")
    await run_pushed_build(world, ALICE, "lint")
    card = list_direct_messages(world, world.alice)[0]
    members = world.slack.channels[card.channel].members
    members.append(world.bob.id)
    await world.bob.clicks(card, "Stop these")
    await world.settle(2)
    assert world.whispers(world.bob)[-1] == snapshot("Only the recipient can turn off these messages.")
    members.remove(world.bob.id)
    await run_pushed_build(world, ALICE, "lint")
    assert len(list_direct_messages(world, world.alice)) == 2


async def test_it_stops_at_once(world: World) -> None:
    """Alice stops messages while a build is blocked: she hears about neither its end nor the next build."""
    await ask_and_read_answer(world, world.alice, "notify me on blocked,passed")
    build = await run_pushed_build(world, ALICE, pipeline="deploy-prod")
    await ask_and_read_answer(world, world.alice, "notify off")
    world.buildkite.unblock(build.find_job("release").id, {"release-name": "1"})
    world.buildkite.run_build(build)
    await world.settle(6)
    await run_pushed_build(world, ALICE)
    assert list_first_lines(world, world.alice) == ["✅ deploy-prod#1 passed on main"]
    assert world.replies(list_direct_messages(world, world.alice)[0]) == []
    assert "[Stop these]" not in format_message(list_direct_messages(world, world.alice)[0])


async def test_a_person_who_has_left_gets_no_messages(world: World) -> None:
    """A deactivated person gets no messages."""
    await ask_and_read_answer(world, world.bob, "notify me on failed")
    world.slack.profiles[world.bob.id].deleted = True
    world.clock.advance(301)
    await run_pushed_build(world, {"name": "Bob", "email": "bob@acme.example"}, "lint")
    assert list_direct_messages(world, world.bob) == []


async def test_it_can_be_asked_for_in_the_dm_itself(world: World) -> None:
    """A direct message to the bot works like the slash command."""
    await world.alice.posts(world.alice.dm, "notify me on failed")
    await world.settle(2)
    await run_pushed_build(world, ALICE, "lint")
    assert [line for line in list_first_lines(world, world.alice) if line.startswith("❌")] == [
        "❌ web#1 failed on main"
    ]
