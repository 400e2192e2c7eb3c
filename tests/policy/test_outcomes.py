"""The end of a request is told in the thread where it was asked for, and shown on the card of its build."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from simulators.slack.models import Message
from tests.conversations.world import World, format_message, open_world

RULES = """
[[grant]]
name = "everybody builds"
standings = ["member"]
permissions = ["help", "read", "logs", "build", "commit", "env"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
operations = ["create", "unblock"]
approvers = { users = ["U0BOB0001"] }
"""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Bob approves what goes to production."""
    path = tmp_path / "policy.toml"
    path.write_text(RULES)
    async with open_world(tmp_path, policy=path) as ready:
        yield ready


async def ask(world: World) -> Message:
    """Alice asks for a deploy; the card of the request."""
    await world.alice.types(world.deploys, "/bk build create deploy-prod -b main -m 'Ship v2'")
    await world.settle(2)
    return world.card()


async def test_the_asker_is_told_the_outcome_in_the_thread(world: World) -> None:
    """Approved and started, refused by whom, expired: each is one reply that mentions Alice, and no private copy."""
    outcomes = []
    for end in ("Approve", "Refuse", "expire", "Withdraw"):
        card, before = await ask(world), len(world.whispers(world.alice))
        if end == "expire":
            world.clock.advance(1801)
        else:
            await (world.alice if end == "Withdraw" else world.bob).clicks(card, end)
        await world.settle(4)
        outcomes.append(world.replies(card))
        assert end == "Withdraw" or len(world.whispers(world.alice)) == before
    assert outcomes == snapshot(
        [
            ["<@U0ALICE01> Approved by bob: deploy-prod#1 has started."],
            ["<@U0ALICE01> bob refused your request to start *deploy-prod* on `main`."],
            [
                "<@U0ALICE01> Your request to start *deploy-prod* on `main` wasn't approved in time. Ask again when an approver is available."
            ],
            [],
        ]
    )


async def test_the_new_builds_card_says_who_approved(world: World) -> None:
    """The request's card says what has started, and the build's card who approved it."""
    card = await ask(world)
    await world.bob.clicks(card, "Approve")
    await world.settle(4)
    assert format_message(card).split("\n")[0] == snapshot("✅ *Approved*: deploy-prod#1 has started")
    assert "approved by bob" in format_message(world.card())


async def test_a_builds_card_shows_the_pending_approval_of_an_unblock(world: World) -> None:
    """While the unblock waits, the card says so without its Unblock button; afterwards it says who approved."""
    await world.alice.types(world.deploys, "/bk build create deploy-prod -m 'Ship v2'")
    await world.settle(2)
    await world.bob.clicks(world.card(), "Approve")
    await world.settle(3)
    build, card = world.buildkite.builds[-1], world.card()
    world.buildkite.run_build(build)
    await world.settle(4)
    assert "[Unblock]" in format_message(card)
    await world.alice.clicks(card, "Unblock")
    await world.settle(1)
    await world.alice.submits({"Release name": "1.42"})
    await world.settle(3)
    shown = format_message(card)
    assert "✋ <@U0ALICE01> asked to unblock it. This waits for approval.\napproved by bob" in shown
    assert "[Unblock]" not in shown
    waiting = next(found for found in world.slack.thread(world.deploys, card) if "[Approve]" in found.plain())
    await world.bob.clicks(waiting, "Approve")
    await world.settle(4)
    assert "unblock approved by bob" in format_message(card)
    assert [reply for reply in world.replies(card) if "Approved" in reply] == snapshot(
        [
            """\
✅ *Approved*: unblocked “Release to production?”: Release name 1.42, Ring Canary (5 %)
alice wanted to unblock *Release to production?* in *deploy-prod#1*: Release name `1.42`, Ring `Canary (5 %)`
👍 bob “production”\
""",
            "<@U0ALICE01> Approved by bob: unblocked “Release to production?”: Release name 1.42, Ring Canary (5 %).",
        ]
    )
    assert not [reply for reply in world.replies(card) if reply.startswith("alice unblocked")]


async def test_a_refused_unblock_gives_the_button_back(world: World) -> None:
    """After a refusal the card has its Unblock button again, and Alice reads who refused."""
    world.buildkite.pipeline("deploy-docs", steps=[{"command": "true"}, {"block": "Ship?", "key": "gate"}])
    build = world.buildkite.create_build("deploy-docs")
    await world.alice.types(world.deploys, f"/bk build watch deploy-docs {build.number}")
    world.buildkite.run_build(build)
    await world.settle(4)
    card = world.card()
    await world.alice.types(world.deploys, f"/bk job unblock -p deploy-docs -n {build.number}")
    await world.settle(3)
    assert "[Unblock]" not in format_message(card)
    waiting = world.card()
    await world.bob.clicks(waiting, "Refuse")
    await world.settle(3)
    assert "[Unblock]" in format_message(card)
    assert "approval" not in format_message(card)
    assert "refused your request to unblock *Ship?*" in world.replies(waiting)[-1]
    assert build.blocked


async def test_a_card_that_is_found_again_is_drawn_again(world: World) -> None:
    """Slack's answer to the post is lost and Bob refuses meanwhile: the one card that is there shows that."""
    world.slack.faults.lose_answer("chat.postMessage")
    card = await ask(world)
    assert "[Approve]" in format_message(card)
    await world.bob.clicks(card, "Refuse")
    await world.settle(30)
    assert "Refused" in format_message(card)
    assert "[Approve]" not in format_message(card)
    assert [found for found in world.slack.messages(world.deploys) if "Ship v2" in found.plain()] == [card]
