"""The bot is killed after each commit of a proposal's life: what was approved runs at most once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from simulators.slack.models import Message
from simulators.slack.person import Person
from tests.conversations.world import World, format_message
from tests.robustness.lives import Lives, open_town, settle
from tests.robustness.truth import (
    assert_posted_once,
    count_writes,
    find_bot_messages,
    find_cards,
    read_mark,
)
from tests.sampling import Sample

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


def find_proposal(world: World) -> Message | None:
    """Return the card of the only proposal."""
    found = [item for item in find_bot_messages(world) if read_mark(item).startswith("proposal:")]
    marks = [read_mark(item) for item in found]
    assert len(marks) == len(set(marks)), world.slack.transcript()
    own = [item for item in found if read_mark(item).count(":") == 1]
    return own[0] if own else None


def find_copy(world: World, person: Person) -> Message | None:
    """Return the card in an approver's direct messages."""
    mark = f":{person.id}"
    return next((item for item in find_bot_messages(world) if read_mark(item).endswith(mark)), None)


def cara(world: World) -> Person:
    """The second approver."""
    return world.slack.people.get("U0CARA001") or world.slack.person("U0CARA001", "cara", "cara@acme.example")


async def _arrive(world: World) -> None:
    cara(world)


async def _ask(world: World) -> None:
    await world.alice.types(world.deploys, "/bk build create deploy-prod")


async def _ask_privately(world: World) -> None:
    await world.alice.types(world.alice.dm, "/bk build create deploy-prod")


async def _bob(world: World) -> None:
    await _press(world, world.bob, "Approve")


async def _cara(world: World) -> None:
    await _press(world, cara(world), "Approve")


async def _withdraw(world: World) -> None:
    await _press(world, world.alice, "Withdraw")


async def _press(world: World, person: Person, label: str) -> None:
    """Press a button, and again if the first press had no effect."""
    card = find_copy(world, person) or find_proposal(world)
    if card and f"[{label}]" in format_message(card) and f"👍 {person.name}" not in format_message(card):
        await person.clicks(card, label)


async def _settle_briefly(world: World) -> None:
    """Let what follows at once happen; after a death the next life has half a minute anyway."""
    await settle(world, 1)


Act = Callable[[World], Awaitable[object]]
APPROVED: tuple[Act, ...] = (
    _ask,
    _settle_briefly,
    _bob,
    _settle_briefly,
    _bob,
    _settle_briefly,
    _cara,
    _settle_briefly,
    _cara,
    _settle_briefly,
)
PRIVATE: tuple[Act, ...] = (_ask_privately, *APPROVED[1:])
WITHDRAWN: tuple[Act, ...] = (_ask, _settle_briefly, _withdraw, _settle_briefly, _withdraw, _settle_briefly)


async def play_story(lives: Lives, story: tuple[Act, ...]) -> tuple[World, range]:
    """Play a story to its end, through any deaths, and return the number of commits."""
    await lives.play(_arrive)
    first = lives.commits + 1
    for act in story:
        await lives.play(act)
    commits = range(first, lives.commits + 1)
    await settle(lives.world, 2)
    return lives.world, commits


def assert_ran_once(world: World) -> None:
    """Assert that there is one build with one card, or that nothing ran and Alice knows."""
    assert_posted_once(world)
    card = find_proposal(world)
    if card is None:
        assert count_writes(world, "/builds") == 0
        return
    assert "[Approve]" not in format_message(card), world.slack.transcript()
    if not count_writes(world, "/builds"):
        assert "but it failed" in format_message(card), world.slack.transcript()
        replies = [item.plain() for item in find_bot_messages(world) if read_mark(item).startswith("notice:")]
        assert any("<@U0ALICE01>" in text and "build create" in text for text in replies), world.slack.transcript()
        return
    for approver in (world.bob, cara(world)):
        copy = find_copy(world, approver)
        assert copy is None or "[Approve]" not in format_message(copy), world.slack.transcript()
    (build,) = world.buildkite.builds
    assert count_writes(world, "/builds") == 1
    assert "*Approved*: deploy-prod#1 has started" in format_message(card), world.slack.transcript()
    assert len(find_cards(world, build)) == 1, world.slack.transcript()


def assert_nothing_ran(world: World) -> None:
    """Assert that the proposal was withdrawn and started no build."""
    assert_posted_once(world)
    card = find_proposal(world)
    assert (world.buildkite.builds, count_writes(world, "/builds")) == ([], 0)
    assert card is None or "Withdrawn" in format_message(card), world.slack.transcript()


@pytest.mark.parametrize(
    ("story", "is_well"),
    [(APPROVED, assert_ran_once), (PRIVATE, assert_ran_once), (WITHDRAWN, assert_nothing_ran)],
    ids=["approved", "approved in private", "withdrawn"],
)
async def test_an_approval_survives_every_crash(
    tmp_path: Path, story: tuple[Act, ...], is_well: Callable[[World], None], sample: Sample
) -> None:
    """Killed at any point of a proposal's life, the bot starts one build at most."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    async with open_town(tmp_path / "whole", policy=policy) as lives:
        world, commits = await play_story(lives, story)
        is_well(world)
        assert find_proposal(world) is not None
    for number in sample(commits, keep=3):
        async with open_town(tmp_path / str(number), die_after=number, policy=policy) as lives:
            world, _ = await play_story(lives, story)
            is_well(world)
            assert lives.number == 2
