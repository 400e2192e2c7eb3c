"""People are told of their own builds by direct message, if they ask for it, and as long as they want it."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.world import World, shown
from tests.people.acts import ALICE, directs, lines, pushed, texts, told


async def test_a_person_asks_is_told_and_asks_no_more(world: World) -> None:
    """Alice asks to be told of her builds, is told of one that fails, and of none any more once she stops it."""
    assert await told(world, world.alice, "notify") == snapshot(
        "I send you no direct messages. `/bk notify me on failed,fixed,blocked` turns them on."
    )
    assert await told(world, world.alice, "notify me on failed,blocked,fixed") == snapshot("""\
I tell you by direct message of builds of yours: failed, fixed and blocked.
Yours are those with `alice@acme.example` as creator or author.
Where you asked for one yourself, I tell you there.
`/bk notify off` ends it.\
""")
    await pushed(world, ALICE, "lint")
    assert texts(world, world.alice) == snapshot(
        [
            """\
❌ *Failed* · web#1 · `main` · `f323ca7`
commit by Alice Carroll took 0s 2 passed · 1 failed · 2 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
exit status 1
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Stop these]\
"""
        ]
    )
    await world.alice.clicks(directs(world, world.alice)[0], "Stop these")
    await world.settle(2)
    assert world.whispers(world.alice)[-1] == snapshot(
        "Stopped: I send you no direct messages. `/bk notify on failed,fixed,blocked` turns them on again."
    )
    assert texts(world, world.alice)[0].split("\n")[-1] == snapshot(
        "[Retry failed] [Rebuild] [Logs] [Open in Buildkite]"
    )
    await pushed(world, ALICE, "lint")
    assert lines(world, world.alice) == snapshot(["❌ web#1 failed on main"])


async def test_one_message_a_build_kept_up(world: World) -> None:
    """A build of Alice's that waits is one message; below it is said what she asked for, and nothing else."""
    await told(world, world.alice, "notify me on blocked and failed")
    build = await pushed(world, ALICE, pipeline="deploy-prod")
    assert lines(world, world.alice) == snapshot(["✋ deploy-prod#1 blocked on main"])
    world.buildkite.unblock(build.find_job("release").id, {"release-name": "1"})
    world.buildkite.run_build(build)
    await world.settle(6)
    assert lines(world, world.alice) == snapshot(["✅ deploy-prod#1 passed on main"])
    assert world.replies(directs(world, world.alice)[0]) == snapshot([])


async def test_what_was_said_before_is_added_to_or_taken_away(world: World) -> None:
    """Each command adds or takes away what it names; what is on is shown each time."""
    words = ("notify on", "notify me on approvals", "notify off failed,fixed", "notify me off", "notify off")
    assert [await told(world, world.alice, word) for word in words] == snapshot(
        [
            """\
I tell you by direct message of builds of yours: failed, fixed and blocked.
Yours are those with `alice@acme.example` as creator or author.
Where you asked for one yourself, I tell you there.
`/bk notify off` ends it.\
""",
            """\
I tell you by direct message of builds of yours: failed, fixed and blocked.
Yours are those with `alice@acme.example` as creator or author.
Where you asked for one yourself, I tell you there.
I tell you when an approval waits for you.
`/bk notify off` ends it.\
""",
            """\
Stopped. `/bk notify on failed,fixed` turns it on again.
I tell you by direct message of builds of yours: blocked.
Yours are those with `alice@acme.example` as creator or author.
Where you asked for one yourself, I tell you there.
I tell you when an approval waits for you.
`/bk notify off` ends it.\
""",
            "Stopped: I send you no direct messages. `/bk notify on blocked,approvals` turns them on again.",
            "I send you no direct messages. `/bk notify me on failed,fixed,blocked` turns them on.",
        ]
    )


async def test_words_that_make_no_sense_are_quoted(world: World) -> None:
    """A state that there is not, or two words that contradict each other."""
    words = ("notify me on faild", "notify on failed off", "notify --me")
    assert [await told(world, world.alice, word) for word in words] == snapshot(
        [
            """\
⚠️ `faild` isn't an option for `words`.
Did you mean `failed`, `failing` or `fixed`?\
""",
            """\
⚠️ `off` stands first, and once.
Write `notify off failed`.\
""",
            """\
⚠️ `notify` has no `--me`.
Usage: `/bk notify [words]…`\
""",
        ]
    )


async def test_a_build_that_is_fixed_is_told(world: World) -> None:
    """Alice wants to hear of fixed builds alone: of three that pass, the one after a failure is told."""
    await told(world, world.alice, "notify me on fixed")
    for fail in ((), ("lint",), (), ()):
        await pushed(world, ALICE, *fail)
    assert lines(world, world.alice) == ["✅ web#3 passed on main"]


async def test_what_she_wanted_of_a_build_in_its_dm_is_said_below_it(world: World) -> None:
    """A build that waited goes on, and fails: the card is edited, and below it the failure is told."""
    await told(world, world.alice, "notify me on blocked,failed")
    build = await pushed(world, ALICE, pipeline="deploy-prod")
    world.buildkite.unblock(build.find_job("release").id, {"release-name": "1"})
    world.buildkite.run_build(build, fail=[build.jobs[-1].name or ""])
    await world.settle(6)
    assert lines(world, world.alice) == snapshot(["❌ deploy-prod#1 failed on main"])
    assert [reply.split("\n")[0] for reply in world.replies(directs(world, world.alice)[0])] == snapshot(
        ["❌ deploy-prod#1 failed after 6s."]
    )


async def test_nobody_stops_it_for_another(world: World) -> None:
    """A press of Bob's on a message to Alice, however he came by it, is turned away; hers go on."""
    await told(world, world.alice, "notify me on failed")
    await pushed(world, ALICE, "lint")
    card = directs(world, world.alice)[0]
    members = world.slack.channels[card.channel].members
    members.append(world.bob.id)
    await world.bob.clicks(card, "Stop these")
    await world.settle(2)
    assert world.whispers(world.bob)[-1] == snapshot("That button is somebody else's. Ask for yourself.")
    members.remove(world.bob.id)
    await pushed(world, ALICE, "lint")
    assert len(directs(world, world.alice)) == 2


async def test_it_stops_at_once(world: World) -> None:
    """Between a gate and the end of a build Alice ends it: the end is not told any more, nor the next build."""
    await told(world, world.alice, "notify me on blocked,passed")
    build = await pushed(world, ALICE, pipeline="deploy-prod")
    await told(world, world.alice, "notify off")
    world.buildkite.unblock(build.find_job("release").id, {"release-name": "1"})
    world.buildkite.run_build(build)
    await world.settle(6)
    await pushed(world, ALICE)
    assert lines(world, world.alice) == ["✅ deploy-prod#1 passed on main"]
    assert world.replies(directs(world, world.alice)[0]) == []
    assert "[Stop these]" not in shown(directs(world, world.alice)[0])


async def test_who_left_is_told_nothing(world: World) -> None:
    """Bob's account was deactivated: his builds are told to nobody."""
    await told(world, world.bob, "notify me on failed")
    world.slack.profiles[world.bob.id].deleted = True
    world.clock.advance(301)
    await pushed(world, {"name": "Bob", "email": "bob@acme.example"}, "lint")
    assert directs(world, world.bob) == []


async def test_it_can_be_asked_for_in_the_dm_itself(world: World) -> None:
    """A message to the bot does the same as the slash command; what is on is said there."""
    await world.alice.posts(world.alice.dm, "notify me on failed")
    await world.settle(2)
    await pushed(world, ALICE, "lint")
    assert [line for line in lines(world, world.alice) if line.startswith("❌")] == ["❌ web#1 failed on main"]
