"""Repeated requests: by accident they count once, on purpose twice."""

from __future__ import annotations

from copy import deepcopy

from inline_snapshot import snapshot

from tests.conversations.acts import fail_build, start_build
from tests.conversations.world import World


async def test_slack_repeats_an_event(world: World) -> None:
    """A mention that is delivered three times starts one build and gets one answer."""
    await world.bob.posts(world.deploys, "@kitestring build create web")
    await world.slack.redeliver()
    await world.settle(3)
    await world.slack.redeliver()
    await world.settle(3)
    assert len(world.buildkite.builds) == 1
    assert len(world.slack.messages(world.deploys)) == 2
    assert world.whispers(world.bob) == snapshot([])


async def test_a_signed_request_is_replayed(world: World) -> None:
    """A signed command that is sent again counts once."""
    await world.bob.types(world.deploys, "/bk build create web")
    await world.slack.replay()
    await world.settle(3)
    ack = await world.slack.replay()
    await world.settle(3)
    assert (ack.status, len(world.buildkite.builds)) == (200, 1)
    assert world.whispers(world.bob) == snapshot(["This already started web#1."])


async def test_a_double_click(world: World) -> None:
    """Two presses of the same button count once."""
    await fail_build(world)
    await world.bob.clicks_twice(world.card(), "Rebuild")
    await world.settle(3)
    assert len(world.buildkite.builds) == 2
    assert world.whispers(world.bob) == snapshot([])


async def test_two_people_press_the_same_button(world: World) -> None:
    """Alice and Bob press Rebuild on the same card: one build starts, and Bob is told about it."""
    await fail_build(world)
    card = deepcopy(world.card())
    await world.alice.clicks(card, "Rebuild")
    await world.settle(3)
    await world.bob.clicks(card, "Rebuild")
    await world.settle(3)
    assert len(world.buildkite.builds) == 2
    assert [world.whispers(world.alice), world.whispers(world.bob)] == snapshot(
        [[], ["Already rebuilt as web#2 by alice.\n[Rebuild again]"]]
    )


async def test_a_form_is_sent_twice(world: World) -> None:
    """A form that is delivered again starts no second build."""
    await world.bob.types(world.deploys, "/bk build create")
    await world.settle(1)
    await world.bob.submits({"Pipeline": "web"})
    await world.slack.replay()
    await world.settle(3)
    assert len(world.buildkite.builds) == 1


async def test_the_same_command_on_purpose(world: World) -> None:
    """Within two minutes it starts a second build, and the answer names the first with a Cancel button."""
    for _ in range(2):
        await world.bob.types(world.deploys, "/bk build create web -b main -e A=1")
        await world.settle(12)
    assert world.whispers(world.bob) == snapshot(
        [
            """\
You ran the same command 12s ago (web#1). web#2 is a second build.
[Cancel web#1]\
"""
        ]
    )
    await world.bob.clicks_twice(world.slack.ephemerals(world.bob)[-1], "Cancel web#1")
    await world.settle(4)
    assert [build.state for build in world.buildkite.builds] == ["canceled", "scheduled"]


async def test_other_values_people_or_times_are_not_repeats(world: World) -> None:
    """Another value, another person, or two minutes later: the first build isn't mentioned."""
    await world.bob.types(world.deploys, "/bk build create web -e A=1")
    await world.settle(3)
    await world.bob.types(world.deploys, "/bk build create web -e A=2")
    await world.alice.types(world.deploys, "/bk build create web -e A=1")
    await world.settle(3)
    world.clock.advance(121)
    await world.bob.types(world.deploys, "/bk build create web -e A=1")
    await world.settle(3)
    assert len(world.buildkite.builds) == 4
    assert world.whispers(world.bob) + world.whispers(world.alice) == []


async def test_the_first_has_ended_meanwhile(world: World) -> None:
    """If there is nothing left to cancel, the first build is only named."""
    build = await start_build(world)
    world.buildkite.run_build(build)
    await world.settle(4)
    await start_build(world)
    assert world.whispers(world.alice) == snapshot(
        ["You ran the same command 7s ago (web#1). web#2 is a second build."]
    )
