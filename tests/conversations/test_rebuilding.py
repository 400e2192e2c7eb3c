"""Rebuilds are visible where they were asked for, and an act is announced once, with the build that it's about."""

from __future__ import annotations

from copy import deepcopy

from inline_snapshot import snapshot

from tests.conversations.acts import block_build, fail_build, start_build
from tests.conversations.world import World, format_message


async def test_a_rebuild_is_visible_in_the_channel(world: World) -> None:
    """The old card names the rebuild and loses its button, and the new card stands in the channel."""
    _build, card = await fail_build(world)
    await world.bob.clicks(card, "Rebuild")
    await world.settle(3)
    old, new = world.slack.messages(world.deploys)
    assert [format_message(old).split("\n")[-2:], format_message(new)] == snapshot(
        [
            ["Rebuilt as web#2 by bob", "[Retry failed] [Logs] [Open in Buildkite] [Rebuild with changes]"],
            """\
🕒 *web#2* is scheduled on `main`
requested by bob f323ca7 created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
[Cancel] [Open in Buildkite]\
""",
        ]
    )
    assert (new.thread_ts, world.whispers(world.bob)) == (None, [])


async def test_a_second_rebuild_waits_for_the_end_of_the_first(world: World) -> None:
    """While the rebuild runs, a stale button names it and offers another; once it has ended, it just works."""
    _build, card = await fail_build(world)
    stale = deepcopy(card)
    await world.alice.clicks(stale, "Rebuild")
    await world.settle(3)
    await world.bob.clicks(stale, "Rebuild")
    await world.settle(3)
    assert (len(world.buildkite.builds), world.whispers(world.bob)) == snapshot(
        (
            2,
            [
                """\
Already rebuilt as web#2 by alice.
[Rebuild again]\
"""
            ],
        )
    )
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Rebuild again")
    await world.settle(3)
    assert len(world.buildkite.builds) == 3
    for build in world.buildkite.builds[1:]:
        world.buildkite.run_build(build)
    await world.settle(4)
    await world.alice.clicks(stale, "Rebuild")
    await world.settle(3)
    assert len(world.buildkite.builds) == 4
    assert [format_message(message).split("\n")[0] for message in world.slack.messages(world.deploys)] == snapshot(
        [
            "❌ *web#1* failed on `main`",
            "✅ *web#2* passed on `main`, fixed: web#1 had failed",
            "✅ *web#3* passed on `main`",
            "🕒 *web#4* is scheduled on `main`",
        ]
    )


async def test_an_act_is_announced_below_the_card(world: World) -> None:
    """An act typed in the channel is announced in the thread of the build's card, and confirmed privately."""
    _build, card = await fail_build(world)
    await world.bob.types(world.deploys, "/bk job retry lint -p web -n 1")
    await world.settle(4)
    assert len(world.slack.messages(world.deploys)) == 1
    assert [world.replies(card)[1:], world.whispers(world.bob)] == snapshot(
        [
            ["bob retried :eslint: Lint of web#1"],
            ["You retried :eslint: Lint of web#1."],
        ]
    )


async def test_a_cancellation_is_one_message(world: World) -> None:
    """The question disappears once it's answered, and what the bot did isn't reported again by the webhook."""
    await start_build(world)
    card = world.card()
    await world.bob.posts(world.deploys, "@kitestring cancel", thread_ts=card)
    await world.settle(2)
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Cancel build")
    await world.settle(6)
    assert [world.replies(card), world.whispers(world.bob)] == snapshot(
        [["<@U0BOT0001> cancel", "bob canceled web#1"], []]
    )


async def test_the_answers_to_a_block_step_are_announced(world: World) -> None:
    """The announcement has the labels of the answers, and masks what may be a secret."""
    _build, card = await block_build(world)
    await world.alice.clicks(card, "Unblock")
    await world.settle(2)
    await world.alice.submits({"Release name": "Autumn", "Ring": "Canary (5 %)"})
    await world.settle(4)
    assert world.replies(card) == snapshot(
        [
            """\
✋ deploy-prod#1 is waiting for “Release to production?”
Unblocked by alice at 2026-11-02 09:00 UTC.\
""",
            "alice unblocked “Release to production?”: Release name Autumn, Ring Canary (5 %)",
        ]
    )
