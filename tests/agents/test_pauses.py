"""Pauses of agents: what they hurt, and how they end."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import asks
from tests.conversations.world import World, shown


async def _said(world: World) -> list[str]:
    return [shown(message) for message in world.slack.messages(world.deploys)]


async def test_a_pause_says_what_it_hurts(world: World) -> None:
    """The last agent of a queue is only paused after a question; otherwise the answer says who goes on."""
    build = world.buildkite.create_build("web")
    world.buildkite.advance(build)
    assert await asks(world, world.alice, "agent pause deploy-1") == snapshot("""\
Pause agent *deploy-1*? No other agent of queue `deploy` takes jobs: they will wait.
[Yes, do it] [Never mind]\
""")
    assert not world.buildkite.find_agent("deploy-1").paused
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Yes, do it")
    await world.settle(2)
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1")
    await world.settle(2)
    assert await _said(world) == snapshot(
        [
            """\
<@U0ALICE01> paused agent deploy-1 for 5 minutes
No other agent of queue `deploy` takes jobs: they will wait.
[Resume]\
""",
            """\
<@U0ALICE01> paused agent ci-linux-1 for 5 minutes
It finishes :eslint: Lint first. 2 other agents of queue `default` go on.
[Resume]\
""",
        ]
    )


async def test_a_pause_is_announced_to_end_and_its_end_is_told(world: World) -> None:
    """Before an agent resumes by itself the one who paused it is reminded, and afterwards told that it has."""
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --timeout-in-minutes 10 --note disk")
    await world.settle(7 * 60, step=30)
    assert len(await _said(world)) == 1
    await world.settle(2 * 60, step=30)
    assert (await _said(world))[1:] == snapshot(
        ["<@U0ALICE01> ⏰ Agent ci-linux-1 resumes by itself in 2m at 2026-11-02 09:10 UTC."]
    )
    await world.settle(3 * 60, step=30)
    assert (await _said(world))[2:] == snapshot(["▶️ Agent ci-linux-1 takes jobs again: its pause is over."])


async def test_a_pause_that_is_ended_by_hand_is_told_no_more(world: World) -> None:
    """Resumed by its button, an agent is not announced to resume."""
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --timeout-in-minutes 10")
    await world.settle(2)
    await world.alice.clicks(world.slack.messages(world.deploys)[-1], "Resume")
    await world.settle(15 * 60, step=30)
    assert len(await _said(world)) == 2


async def test_a_pause_that_was_made_longer_elsewhere_is_told_when_it_ends(world: World) -> None:
    """Somebody pauses it anew in the browser, for longer: nothing false is said, and the true end is."""
    agent = world.buildkite.find_agent("ci-linux-1")
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --timeout-in-minutes 2")
    await world.settle(60, step=30)
    world.buildkite.agent_resume(agent)
    world.buildkite.agent_pause(agent, timeout=20)
    await world.settle(10 * 60, step=30)
    assert len(await _said(world)) == 1
    await world.settle(12 * 60, step=30)
    assert (await _said(world))[1:] == snapshot(["▶️ Agent ci-linux-1 takes jobs again: its pause is over."])


async def test_an_agent_that_is_lost_while_it_is_paused_is_told(world: World) -> None:
    """It cannot resume: the message says what it is instead."""
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1 --timeout-in-minutes 2")
    await world.settle(60, step=30)
    world.buildkite.lose_agent("ci-linux-1")
    await world.settle(3 * 60, step=30)
    assert (await _said(world))[1:] == snapshot(["👻 The pause of agent ci-linux-1 is over, but it is lost."])
