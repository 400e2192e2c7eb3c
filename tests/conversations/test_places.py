"""If the bot can't post, nothing is started before the person has chosen how to continue."""

from __future__ import annotations

from inline_snapshot import snapshot

from simulators.slack.models import Channel
from tests.conversations.world import World, format_message


def elsewhere(world: World, *, private: bool = False) -> Channel:
    """A channel that the bot is not in."""
    return world.slack.channel("C0ELSE001", "elsewhere", private=private, bot_in=False)


async def test_it_asks_to_be_invited(world: World) -> None:
    """The question is private; after `/invite`, Try again starts the build once, with its card in the channel."""
    channel = elsewhere(world)
    await world.alice.types(channel, "/bk build create web -m hello")
    await world.settle(2)
    assert world.transcript(channel) == snapshot("""\
#elsewhere
(only alice) kitestring: I'm not in this channel, so I didn't start anything.
    Type `/invite @kitestring` and try again, or start anyway and get the updates in a direct message.
    [I invited it, try again] [Start anyway] [Never mind]\
""")
    assert world.buildkite.builds == []
    await world.alice.types(channel, "/invite @kitestring")
    await world.alice.clicks_twice(world.slack.ephemerals(world.alice)[-1], "I invited it, try again")
    await world.settle(3)
    assert len(world.buildkite.builds) == 1
    assert world.transcript(channel) == snapshot("""\
#elsewhere
kitestring: 🕒 *hello* – web#1 is scheduled on `main`
    requested by alice created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
    [Cancel] [Open in Buildkite]\
""")


async def test_trying_again_without_inviting_asks_again(world: World) -> None:
    """If the bot still isn't in the channel, it asks again and starts nothing."""
    channel = elsewhere(world)
    await world.alice.types(channel, "/bk build create web")
    await world.settle(2)
    first = format_message(world.slack.ephemerals(world.alice)[-1])
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "I invited it, try again")
    await world.settle(2)
    asked = [format_message(message) for message in world.slack.ephemerals(world.alice)]
    assert asked == [first.replace("I'm not in", "I'm still not in")]
    assert world.buildkite.builds == []
    await world.alice.types(channel, "/invite @kitestring")
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "I invited it, try again")
    await world.settle(3)
    assert len(world.buildkite.builds) == 1


async def test_start_anyway_sends_the_updates_by_dm(world: World) -> None:
    """Card and thread come as direct messages; the channel gets nothing."""
    channel = elsewhere(world)
    await world.alice.types(channel, "/bk build create web")
    await world.settle(2)
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Start anyway")
    await world.settle(3)
    world.buildkite.run_build(world.buildkite.builds[-1], fail=["lint"])
    await world.settle(4)
    assert world.slack.messages(channel) == []
    assert world.transcript(world.alice.dm) == snapshot("""\
#directmessage
kitestring: ❌ *web#1* failed on `main`
    requested by alice f323ca7 took 0s 2 passed · 1 failed · 1 skipped
    ❌ :eslint: Lint · exit status 1
    Last lines of *:eslint: Lint*:
    ```
    exit status 1
    ```
    [Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]
  kitestring: <@U0ALICE01> ❌ web#1 failed: :eslint: Lint (exit 1)\
""")
    assert world.whispers(world.alice) == snapshot(
        ["Started web#1 on `main`. You'll get updates in a direct message."]
    )


async def test_never_mind(world: World) -> None:
    """The question disappears and nothing is started."""
    channel = elsewhere(world)
    await world.alice.types(channel, "/bk build create web")
    await world.settle(2)
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Never mind")
    await world.settle(2)
    assert (world.whispers(world.alice), world.buildkite.builds) == snapshot((["OK, nothing changed."], []))


async def test_a_direct_conversation_offers_only_start_anyway(world: World) -> None:
    """A conversation between two people can't invite the bot."""
    between = world.slack.open_direct(world.alice.id, world.bob.id)
    await world.alice.types(between, "/bk build create web")
    await world.settle(2)
    assert world.whispers(world.alice) == snapshot(
        [
            """\
I'm not in this conversation, so I didn't start anything.
Start anyway and get the updates in a direct message.
[Start anyway] [Never mind]\
"""
        ]
    )
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Start anyway")
    await world.settle(3)
    assert world.transcript(world.alice.dm) == snapshot("""\
#directmessage
kitestring: 🕒 *web#1* is scheduled on `main`
    requested by alice created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
    [Cancel] [Open in Buildkite]\
""")


async def test_a_private_channel(world: World) -> None:
    """A private channel works in the same way, before and after the invitation."""
    channel = elsewhere(world, private=True)
    await world.alice.types(channel, "/bk build create web")
    await world.settle(2)
    assert world.whispers(world.alice) == snapshot(
        [
            """\
I'm not in this channel, so I didn't start anything.
Type `/invite @kitestring` and try again, or start anyway and get the updates in a direct message.
[I invited it, try again] [Start anyway] [Never mind]\
"""
        ]
    )
    await world.alice.types(channel, "/invite @kitestring")
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "I invited it, try again")
    await world.settle(3)
    assert [format_message(message) for message in world.slack.messages(channel)] == snapshot(
        [
            """\
🕒 *web#1* is scheduled on `main`
requested by alice created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
[Cancel] [Open in Buildkite]\
"""
        ]
    )


async def test_reading_needs_no_invitation(world: World) -> None:
    """Private answers arrive anywhere."""
    channel = elsewhere(world)
    world.buildkite.create_build("web")
    await world.alice.types(channel, "/bk build view web 1")
    await world.settle(2)
    assert world.whispers(world.alice) == snapshot(
        [
            """\
🕒 web#1 scheduled
*Branch*
`main`
*Commit*
`HEAD`
*Started by*
Sam Kim
*Time*
created 2026-11-02 09:00 UTC
*Source*
api
0 of 4 jobs done · 4 waiting
[Cancel] [Follow here]\
"""
        ]
    )


async def test_an_action_is_reported_privately_if_the_bot_cannot_post(world: World) -> None:
    """An agent is paused from a channel without the bot: at least the person reads that it worked."""
    channel = elsewhere(world)
    await world.alice.types(channel, "/bk agent pause ci-linux-1")
    await world.settle(2)
    assert world.whispers(world.alice) == snapshot(
        [
            """\
alice paused agent ci-linux-1 for 5 minutes
2 other agents in queue `default` keep taking jobs.
[Resume]\
"""
        ]
    )


async def test_a_direct_message_to_the_bot_is_a_command(world: World) -> None:
    """In the bot's own DM, commands need no mention, and the card comes there."""
    await world.alice.posts(world.alice.dm, "build create web")
    await world.settle(3)
    assert world.transcript(world.alice.dm) == snapshot("""\
#directmessage
alice: build create web
kitestring: 🕒 *web#1* is scheduled on `main`
    requested by alice created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
    [Cancel] [Open in Buildkite]\
""")
