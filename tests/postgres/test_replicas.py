"""To people, several bots on one database are one bot: one card, one thread, nothing twice."""

from __future__ import annotations

from tests.postgres.replicas import Replicas
from tests.robustness.truth import (
    assert_card_is_correct,
    assert_posted_once,
    count_writes,
    find_cards,
    read_replies,
)


async def test_a_build_has_one_card_and_one_thread(replicas: Replicas) -> None:
    """Requests and webhooks that reach any replica update one card, with each reply once."""
    await replicas.bob.types(replicas.deploys, "/bk build create web -b main -m 'Ship it'")
    await replicas.settle()
    build = replicas.buildkite.builds[-1]
    replicas.buildkite.run_build(build, fail=["lint"])
    await replicas.settle(60, step=2)
    assert_card_is_correct(replicas, build)
    assert_posted_once(replicas)
    lines = read_replies(replicas, build)
    assert len(set(lines)) == len(lines)
    assert any("failed" in line for line in lines)
    assert count_writes(replicas, "/builds") == 1


async def test_a_click_may_reach_any_replica(replicas: Replicas) -> None:
    """A button that one replica posted is handled by another, once, even if it is clicked twice."""
    await replicas.bob.types(replicas.deploys, "/bk build create web")
    await replicas.settle()
    build = replicas.buildkite.builds[-1]
    replicas.buildkite.advance(build)
    await replicas.settle()
    card = find_cards(replicas, build)[0]
    await replicas.bob.clicks(card, "Cancel")
    await replicas.bob.clicks(card, "Cancel")
    await replicas.settle(60, step=2)
    assert count_writes(replicas, "/cancel") == 1
    while replicas.buildkite.advance(build):
        continue
    await replicas.settle(60, step=2)
    assert_card_is_correct(replicas, build)
    assert_posted_once(replicas)


async def test_many_builds_at_once_have_correct_cards(trio: Replicas) -> None:
    """Six builds, over a network that duplicates and reorders webhooks, end with correct cards."""
    trio.buildkite.hooks.network.double = 0.3
    trio.buildkite.hooks.network.reorder = 0.5
    for number in range(6):
        await trio.alice.types(trio.deploys, f"/bk build create web -m 'Number {number}'")
    await trio.settle(15, step=1)
    builds = list(trio.buildkite.builds[-6:])
    for build in builds:
        trio.buildkite.run_build(build, fail=["lint"] if build.number % 2 else [])
    await trio.settle(60, step=2)
    for build in builds:
        assert_card_is_correct(trio, build)
    assert_posted_once(trio)
    assert len(trio.leaders) == 1
