"""Buttons go when they have nothing left to do; pressed anyway, the answer says who did it and when."""

from __future__ import annotations

from copy import deepcopy

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately, block_build, fail_build, start_build
from tests.conversations.world import World, format_message


async def test_an_unblock_button_goes_with_the_block(world: World) -> None:
    """The reply loses its button and says who unblocked the build; a stale press gets the same in a modal."""
    _build, card = await block_build(world)
    reply = world.slack.thread(world.deploys, card)[1]
    stale = deepcopy(reply)
    await world.alice.clicks(reply, "Unblock")
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
    await world.bob.clicks(stale, "Unblock")
    await world.settle(2)
    modal = world.slack.modal_of(world.bob)
    assert modal is not None
    assert modal.plain() == snapshot("""\
# Unblock
Already unblocked by alice at <!date^1793610009^{time}|2026-11-02 09:00 UTC>.\
""")


async def test_a_resume_button_goes_with_the_pause(world: World) -> None:
    """The announcement of a pause loses its button when someone resumes the agent."""
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 -t 30")
    await world.settle(3)
    announcement = world.card()
    stale = deepcopy(announcement)
    asked = [await ask_privately(world, world.alice, words) for words in ("agent list", "agent view ci-linux-1")]
    assert [format_message(announcement), *asked] == snapshot(
        [
            """\
alice paused agent ci-linux-1 for 30 minutes
2 other agents in queue `default` keep taking jobs.
[Resume]\
""",
            """\
4 agents
Name · State · Queue · Host
ci-linux-1 · paused by alice until 2026-11-02 09:30 UTC · default · ip-10-0-2-2.ec2.internal
ci-linux-2 · idle · default · ip-10-0-2-3.ec2.internal
ci-linux-3 · idle · default · ip-10-0-2-4.ec2.internal
deploy-1 · idle · deploy · ip-10-0-2-5.ec2.internal\
""",
            """\
ci-linux-1 is paused.
*Queue*
default
*Host*
ip-10-0-2-2.ec2.internal 203.0.113.2
*Version*
3.136.2
*Connected*
2026-11-02 09:00 UTC
*Paused*
by alice until 2026-11-02 09:30 UTC
*Tags*
queue=default
*Id*
`7d41e602-eece-428b-bf7b-118e820865d6`
[Resume] [Stop]\
""",
        ]
    )
    assert await ask_privately(world, world.alice, "agent pause ci-linux-1") == snapshot("""\
ci-linux-1 is already paused, by alice until 2026-11-02 09:30 UTC.
[Resume]\
""")
    await world.alice.clicks(announcement, "Resume")
    await world.settle(3)
    assert [format_message(message) for message in world.slack.messages(world.deploys)] == snapshot(
        [
            """\
alice paused agent ci-linux-1 for 30 minutes
2 other agents in queue `default` keep taking jobs.
Resumed by alice at 2026-11-02 09:00 UTC.\
""",
            "alice resumed agent ci-linux-1",
        ]
    )
    await world.alice.clicks(stale, "Resume")
    await world.settle(2)
    assert world.whispers(world.alice)[-1] == snapshot(
        "Already done at 2026-11-02 09:00 UTC: alice resumed agent ci-linux-1"
    )
    assert await ask_privately(world, world.alice, "agent resume ci-linux-1") == snapshot(
        "ci-linux-1 isn't paused: alice resumed it at 2026-11-02 09:00 UTC."
    )


async def test_a_withdrawal_is_durable(world: World) -> None:
    """An edit that Slack refuses for now is made later."""
    _build, card = await block_build(world)
    await world.alice.clicks(card, "Unblock")
    await world.settle(2)
    world.slack.faults.rate_limit("chat.update", retry_after=20)
    await world.alice.submits({"Release name": "Autumn", "Ring": "Canary (5 %)"})
    await world.settle(60)
    assert world.replies(card)[0] == snapshot("""\
✋ deploy-prod#1 is waiting for “Release to production?”
Unblocked by alice at 2026-11-02 09:00 UTC.\
""")


async def test_there_is_nothing_to_cancel(world: World) -> None:
    """A build that has ended can't be canceled: the answer says how it ended, and offers a rebuild."""
    build = await start_build(world)
    stale = deepcopy(world.card())
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(4)
    await world.bob.clicks(stale, "Cancel")
    await world.settle(2)
    assert world.whispers(world.bob) == snapshot(
        [
            """\
web#1 has already failed; there is nothing to cancel.
[Rebuild]\
"""
        ]
    )


async def test_failed_jobs_were_retried_already(world: World) -> None:
    """A stale retry says who retried the jobs, when, and how the build ended since then."""
    build, card = await fail_build(world)
    stale = deepcopy(card)
    await world.alice.clicks(card, "Retry failed")
    await world.settle(2)
    await world.bob.clicks(stale, "Retry failed")
    await world.settle(2)
    world.buildkite.run_build(build)
    await world.settle(4)
    again = await ask_privately(world, world.bob, "build retry web 1")
    assert [world.whispers(world.bob)[0], again] == snapshot(
        [
            "Already done at 2026-11-02 09:00 UTC: alice retried 1 failed job of web#1",
            "Already retried by alice at 2026-11-02 09:00 UTC. web#1 has passed.",
        ]
    )
