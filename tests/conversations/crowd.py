"""Many presses of a button at the same moment: one effect or refusal each, and never an internal error."""

from __future__ import annotations

import asyncio
from copy import deepcopy

from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.acts import fail_build
from tests.conversations.world import World

AT_ONCE = 20  # as many as arrive while one is being refused
PRESSES = range(600)


async def press_at_once(world: World, people: list[Person], card: Message, label: str) -> None:
    """Press a button by all of these people at the same moment, and wait for the answers."""
    acks = await asyncio.gather(*(person.clicks(card, label) for person in people))
    assert {ack.status for ack in acks} == {200}
    await world.settle(2)


async def press_refused(world: World, presses: int) -> None:
    """Press as a guest, who may do nothing."""
    _, card = await fail_build(world)
    for _ in range(0, presses, AT_ONCE):
        await press_at_once(world, [world.gwen] * AT_ONCE, card, "Rebuild")
    answers = set(world.whispers(world.gwen))
    assert len(world.buildkite.builds) == 1
    assert len(answers) == 1, answers
    assert "guest" in answers.pop().lower()


async def press_failing(world: World, presses: int) -> None:
    """Press while Buildkite refuses: each press that isn't a repeat of one in progress is told so."""
    _, card = await fail_build(world)
    body = {"message": "This build can't be rebuilt"}
    world.buildkite.faults.fail(422, times=100_000, method="PUT", path="/rebuild$", body=body)
    for _ in range(0, presses, AT_ONCE):
        await press_at_once(world, [world.bob] * AT_ONCE, card, "Rebuild")
    answers = set(world.whispers(world.bob))
    assert len(world.buildkite.builds) == 1
    assert len(answers) == 1, answers
    assert "can't be rebuilt" in answers.pop()


async def press_succeeding(world: World, presses: int) -> None:
    """Press as someone who may: one build starts, and later presses on the card as it was are told about it."""
    _, card = await fail_build(world)
    outdated = deepcopy(card)
    for _ in range(0, presses, AT_ONCE):
        await press_at_once(world, [world.bob] * AT_ONCE, outdated, "Rebuild")
    assert len(world.buildkite.builds) == 2
    assert len(set(world.whispers(world.bob))) <= 1, world.whispers(world.bob)


async def press_mixed(world: World, presses: int) -> None:
    """Press as a guest and, last, as someone who may: the guest's refusals swallow no press of the other."""
    for _ in range(0, presses, 5 * AT_ONCE):
        before = len(world.buildkite.builds)
        _, card = await fail_build(world)
        await press_at_once(world, [*[world.gwen] * (AT_ONCE - 1), world.bob], card, "Rebuild")
        assert len(world.buildkite.builds) == before + 2
    assert not [text for text in world.whispers(world.gwen) if "broke" in text]


CROWDS = {
    "refused": press_refused,
    "failing": press_failing,
    "succeeding": press_succeeding,
    "mixed": press_mixed,
}
