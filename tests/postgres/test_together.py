"""Several bots on one database are one bot to people: one card, one thread, nothing twice."""

from __future__ import annotations

from tests.postgres.replicas import Replicas
from tests.robustness.truth import assert_said_once, assert_true, cards, posts, replies


async def test_a_build_has_one_card_and_one_thread(replicas: Replicas) -> None:
    """Requests and webhooks that arrive at any replica end in one card, kept up, with each reply once."""
    await replicas.bob.types(replicas.deploys, "/bk build create web -b main -m 'Ship it'")
    await replicas.settle()
    build = replicas.buildkite.builds[-1]
    replicas.buildkite.run_build(build, fail=["lint"])
    await replicas.settle(60)
    assert_true(replicas, build)
    assert_said_once(replicas)
    said = replies(replicas, build)
    assert len(set(said)) == len(said)
    assert any("failed" in line for line in said)
    assert posts(replicas, "/builds") == 1


async def test_a_click_may_arrive_anywhere(replicas: Replicas) -> None:
    """A button that one replica drew is carried out by another, once, although it is clicked twice."""
    await replicas.bob.types(replicas.deploys, "/bk build create web")
    await replicas.settle()
    build = replicas.buildkite.builds[-1]
    replicas.buildkite.advance(build)
    await replicas.settle()
    card = cards(replicas, build)[0]
    await replicas.bob.clicks(card, "Cancel")
    await replicas.bob.clicks(card, "Cancel")
    await replicas.settle(60)
    assert posts(replicas, "/cancel") == 1
    while replicas.buildkite.advance(build):
        continue
    await replicas.settle(60)
    assert_true(replicas, build)
    assert_said_once(replicas)


async def test_many_builds_at_once_are_all_true(trio: Replicas) -> None:
    """Six builds, run side by side over a network that doubles and reorders, end in true cards."""
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
        assert_true(trio, build)
    assert_said_once(trio)
    assert len(trio.writers) == 1
