"""The bot is killed after each commit of a proposal's life: what was approved runs once at most."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.world import World, shown
from tests.robustness.lives import Lives, settled, town
from tests.robustness.truth import assert_said_once, cards, mark, posts, private, said

POLICY = """
[[grant]]
name = "everybody builds"
standings = ["member"]
permissions = ["help", "read", "build"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
approvers = { users = ["U0BOB0001", "U0CARA001"] }
approvals = 2
"""


def proposal(world: World) -> Message | None:
    """The card of the one proposal there is."""
    found = [item for item in said(world) if mark(item).startswith("proposal:")]
    assert len(found) <= 1, world.slack.transcript()
    return found[0] if found else None


def cara(world: World) -> Person:
    """The second approver."""
    return world.slack.people.get("U0CARA001") or world.slack.person("U0CARA001", "cara", "cara@acme.example")


async def _arrive(world: World) -> None:
    cara(world)


async def _ask(world: World) -> None:
    await world.alice.types(world.deploys, "/bk build create deploy-prod")


async def _bob(world: World) -> None:
    await _press(world, world.bob, "Approve")


async def _cara(world: World) -> None:
    await _press(world, cara(world), "Approve")


async def _withdraw(world: World) -> None:
    await _press(world, world.alice, "Withdraw")


async def _press(world: World, person: Person, label: str) -> None:
    """Whoever sees that their press came to nothing presses again."""
    card = proposal(world)
    if card and f"[{label}]" in shown(card) and f"👍 <@{person.id}>" not in shown(card):
        await person.clicks(card, label)


async def _soon(world: World) -> None:
    """What follows at once; after a death the next life has half a minute anyway."""
    await settled(world, 1)


Act = Callable[[World], Awaitable[object]]
APPROVED: tuple[Act, ...] = (_ask, _soon, _bob, _soon, _bob, _soon, _cara, _soon, _cara, _soon)
WITHDRAWN: tuple[Act, ...] = (_ask, _soon, _withdraw, _soon, _withdraw, _soon)


async def told(lives: Lives, story: tuple[Act, ...]) -> tuple[World, range]:
    """Play a story to its end, through whatever deaths there are; also the commits that it took."""
    await lives.through(_arrive)
    first = lives.commits + 1
    for act in story:
        await lives.through(act)
    commits = range(first, lives.commits + 1)
    await settled(lives.world, 2)
    return lives.world, commits


def ran_once(world: World) -> None:
    """One build with its one card; or nothing ran, and Alice knows."""
    assert_said_once(world)
    card = proposal(world)
    if card is None:
        assert posts(world, "/builds") == 0
        return
    assert "[Approve]" not in shown(card), world.slack.transcript()
    if not posts(world, "/builds"):
        assert "did not succeed" in shown(card), world.slack.transcript()
        assert "build create" in private(world, world.alice), world.slack.transcript()
        return
    (build,) = world.buildkite.builds
    assert posts(world, "/builds") == 1
    assert "Approved* and done" in shown(card), world.slack.transcript()
    assert len(cards(world, build)) == 1, world.slack.transcript()


def nothing_ran(world: World) -> None:
    """It was taken back, and no build came of it."""
    assert_said_once(world)
    card = proposal(world)
    assert (world.buildkite.builds, posts(world, "/builds")) == ([], 0)
    assert card is None or "Withdrawn" in shown(card), world.slack.transcript()


@pytest.mark.parametrize(
    ("story", "is_well"), [(APPROVED, ran_once), (WITHDRAWN, nothing_ran)], ids=["approved", "withdrawn"]
)
async def test_an_approval_outlives_every_crash(
    tmp_path: Path, story: tuple[Act, ...], is_well: Callable[[World], None]
) -> None:
    """Proposed, after a vote, after the last vote, before and while it runs: one build at most, never two."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    async with town(tmp_path / "whole", policy=policy) as lives:
        world, commits = await told(lives, story)
        is_well(world)
        assert proposal(world) is not None
    for number in commits:
        async with town(tmp_path / str(number), die_after=number, policy=policy) as lives:
            world, _ = await told(lives, story)
            is_well(world)
            assert lives.number == 2
