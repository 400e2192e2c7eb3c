"""Quiet hours, mutes, and places where nothing may be posted."""

from __future__ import annotations

from datetime import timedelta
from textwrap import fill

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately
from tests.conversations.world import World, format_message
from tests.subscriptions.acts import list_card_texts, list_cards, run_build, subscribe


async def test_quiet_hours_hold_what_is_still_true_in_the_morning(world: World) -> None:
    """At night nothing is posted; when the quiet hours end, only what nothing later has overtaken."""
    await subscribe(world, "* --quiet 10:30-14:00")
    world.clock.advance(3600)
    await run_build(world, fail=("lint",))
    await run_build(world)
    await run_build(world, "mobile", fail=("build", "test", "unit"), branch="next")
    await run_build(world, branch="next", fail=("lint",))
    assert list_cards(world) == []
    world.clock.advance(4 * 3600)
    await world.settle(3)
    assert list_card_texts(world) == snapshot(
        ["✅ web#2 passed on main, fixed: web#1 had failed", "❌ web#3 failed on next"]
    )


async def test_a_muted_channel_is_left_in_peace(world: World) -> None:
    """A muted channel gets no posts, then or later, about builds of that time; its cards keep updating."""
    await subscribe(world, "*")
    waiting = await run_build(world, "deploy-prod")
    await world.bob.types(world.deploys, "/bk mute 2h")
    await world.settle(2)
    await run_build(world, fail=("lint",))
    world.buildkite.unblock(waiting.find_job("release").id, {"release-name": "1"})
    world.buildkite.run_build(waiting)
    await world.settle(5)
    assert list_card_texts(world) == snapshot(["✅ deploy-prod#1 passed on main"])
    assert world.replies(list_cards(world)[0]) == []
    world.clock.advance(timedelta(hours=3).total_seconds())
    await world.settle(3)
    await run_build(world, branch="next", fail=("lint",))
    assert list_card_texts(world) == snapshot(["✅ deploy-prod#1 passed on main", "❌ web#2 failed on next"])


async def test_a_mute_can_be_ended(world: World) -> None:
    """Mute and unmute are both posted in the channel."""
    await subscribe(world)
    await ask_privately(world, world.bob, "subscribe list")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Mute 1 for 8h")
    await world.settle(2)
    assert await ask_privately(world, world.bob, "subscribe list") == snapshot("""\
*This channel's subscriptions*
*1.* `web`: failed, fixed and blocked · by <@U0ALICE01>, muted until 2026-11-02 17:00 UTC
[Mute 1 for 8h] [Remove 1]\
""")
    await world.alice.clicks(world.slack.messages(world.deploys)[-1], "Unmute")
    await world.settle(2)
    await run_build(world, fail=("lint",))
    assert [
        format_message(message).split("\n")[0] for message in world.slack.messages(world.deploys)[1:]
    ] == snapshot(
        [
            "bob muted the subscription to `web`: failed, fixed and blocked until 2026-11-02 17:00 UTC",
            "alice unmuted this channel's subscriptions",
            "❌ *web#1* failed on `main`",
        ]
    )
    assert await ask_privately(world, world.bob, "mute off") == snapshot("Nothing is muted here.")
    assert await ask_privately(world, world.bob, "mute 90d") == snapshot("""\
⚠️ `90d` isn't valid for `duration`: it can be 30d at most.
Usage: `/bk mute [duration]`\
""")


async def test_mute_on_a_card_offers_more_peace(world: World) -> None:
    """Mute on a card stops its replies and offers to mute the subscription; guests may not use it."""
    await subscribe(world, "deploy-prod")
    build = await run_build(world, "deploy-prod")
    await world.gwen.clicks(list_cards(world)[0], "Mute")
    await world.bob.clicks(list_cards(world)[0], "Mute")
    await world.settle(2)
    assert world.whispers(world.gwen)[-1].split("\n")[0] == snapshot(
        "⚠️ Guests of this workspace cannot use Kitestring."
    )
    assert world.whispers(world.bob)[-1] == snapshot("""\
Muted `deploy-prod#1` here. Its card keeps updating.
It was posted by the subscription to `deploy-prod`: failed, fixed and blocked.
[Mute subscription for 8h] [Mute channel for 2h]\
""")
    assert format_message(list_cards(world)[0]) == snapshot("""\
✋ *deploy-prod#1* is blocked on `main`
started by Sam Kim cfc6e62 started 2026-11-02 09:00 UTC 1 of 3 jobs done · 2 blocked
✋ Waiting for “Release to production?”
[Unblock] [Open in Buildkite]\
""")
    world.buildkite.unblock(build.find_job("release").id, {"release-name": "1"})
    world.buildkite.run_build(build)
    await world.settle(5)
    assert (list_card_texts(world), world.replies(list_cards(world)[0])) == snapshot(
        (["✅ deploy-prod#1 passed on main"], [])
    )
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Mute subscription for 8h")
    await world.settle(2)
    assert world.replies(list_cards(world)[0]) == snapshot(
        [
            """\
bob muted the subscription to `deploy-prod`: failed, fixed and blocked until 2026-11-02 17:00 UTC
[Unmute]\
"""
        ]
    )


async def test_the_subscriber_is_notified_once_that_the_bot_was_removed(world: World) -> None:
    """If the bot is removed, the subscription's maker is told once how to invite it back."""
    await subscribe(world)
    world.slack.channels[world.deploys.id].members.remove("U0BOT0001")
    await run_build(world, fail=("lint",))
    await run_build(world, branch="next", fail=("lint",))
    direct = world.slack.open_direct(world.alice.id, "U0BOT0001")
    (answer,) = world.slack.messages(direct)
    assert fill(format_message(answer), 100) == snapshot("""\
I couldn't post in <#C0DEPLOYS>, where you subscribed to `web`. Type `/invite @kitestring` there:
your subscription is kept, and later builds will be posted.\
""")
    world.slack.channels[world.deploys.id].members.append("U0BOT0001")
    await run_build(world, branch="third", fail=("lint",))
    assert list_card_texts(world) == snapshot(["❌ web#3 failed on third"])


async def test_a_channel_that_another_organization_reads_gets_nothing(world: World) -> None:
    """A channel that was shared externally since gets no posts."""
    await subscribe(world)
    world.deploys.shared = True
    world.clock.advance(120)
    await run_build(world, fail=("lint",))
    assert list_cards(world) == []


async def test_a_person_subscribes_in_the_direct_message(world: World) -> None:
    """In the conversation with the bot alone, what is subscribed to comes there, to that person."""
    direct = world.slack.open_direct(world.alice.id, "U0BOT0001")
    await world.alice.types(direct, "/bk subscribe web --creator me --state failed --yes")
    await world.settle(2)
    await run_build(world, fail=("lint",))
    await run_build(world, fail=("lint",), author={"name": "Alice", "email": "Alice@acme.example"})
    assert [format_message(message).split("\n")[0] for message in world.slack.messages(direct)] == snapshot(
        [
            "alice subscribed this channel to `web`: failed, started by alice@acme.example",
            "❌ *web#2* failed on `main`",
        ]
    )
