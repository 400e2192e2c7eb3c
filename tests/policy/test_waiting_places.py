"""A request for approval never waits where no approver can see it."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from bot.access.policy.parse import InvalidPolicy, parse_policy
from simulators.slack.models import Message
from tests.conversations.world import World, format_message, open_world
from tests.people.acts import ask_and_read_answer, list_direct_messages, list_direct_texts

RULES = """
[[grant]]
name = "everybody builds"
standings = ["member"]
permissions = ["help", "read", "logs", "build", "commit", "env"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
approvers = { users = ["U0BOB0001", "U0CARA001"] }
"""
CHANNEL = 'approval_channel = "C0RELEASE"\n'
ASKS = "/bk build create deploy-prod -b main"


def write_policy(folder: Path, more: str = "") -> Path:
    """Bob and Cara approve deployments."""
    path = folder / "policy.toml"
    path.write_text(RULES + more)
    return path


def add_cara(world: World) -> None:
    """Let Cara join the workspace."""
    world.slack.person("U0CARA001", "cara", "cara@acme.example")


def find_card(world: World, person: str) -> Message:
    """Return the card in an approver's direct messages."""
    return list_direct_messages(world, world.slack.people[person])[-1]


async def test_a_request_by_direct_message_goes_to_the_approvers(tmp_path: Path) -> None:
    """Each gets a card by direct message; one approves, it runs once, and every card loses its buttons."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        add_cara(world)
        await world.alice.types(world.alice.dm, ASKS)
        await world.settle(5)
        assert list_direct_texts(world, world.alice) == snapshot(
            [
                """\
✋ *Approval needed*
alice wants to start *deploy-prod* on `main`
*Commit*: latest on `main` when it starts
Needs 1 approval from <@U0BOB0001> or <@U0CARA001> before 2026-11-02 09:30 UTC. I asked <@U0BOB0001> and <@U0CARA001> by direct message.
“production”
[Withdraw]\
"""
            ]
        )
        cards = [find_card(world, person) for person in ("U0BOB0001", "U0CARA001")]
        assert format_message(cards[0]) == snapshot("""\
✋ *Approval needed*
alice wants to start *deploy-prod* on `main`
*Commit*: latest on `main` when it starts
Needs 1 approval from <@U0BOB0001> or <@U0CARA001> before 2026-11-02 09:30 UTC.
“production”
[Approve] [Refuse]\
""")
        await world.bob.clicks(cards[0], "Approve")
        await world.settle(6)
        assert len(world.buildkite.builds) == 1
        assert not [card for card in cards if "[Approve]" in format_message(card)]
        assert "Approved by bob: deploy-prod#1 has started." in world.transcript()


async def test_it_goes_to_the_approval_channel_that_the_policy_names(tmp_path: Path) -> None:
    """The card is posted there, and Alice reads where it waits and how it ended."""
    async with open_world(tmp_path, policy=write_policy(tmp_path, CHANNEL)) as world:
        add_cara(world)
        releases = world.slack.channel("C0RELEASE", "releases", members=[world.bob.id])
        await world.alice.types(world.alice.dm, ASKS)
        await world.settle(5)
        card = world.card(releases)
        assert "[Approve]" in format_message(card)
        await world.bob.clicks(card, "Refuse")
        await world.settle(4)
        assert "[Approve]" not in format_message(card)
        assert list_direct_texts(world, world.alice) == snapshot(
            [
                "✋ Your request to start *deploy-prod* on `main` waits for approval in <#C0RELEASE>.",
                "<@U0ALICE01> bob refused your request to start *deploy-prod* on `main`.",
            ]
        )


async def test_it_leaves_a_channel_without_approvers(tmp_path: Path) -> None:
    """Neither Bob nor Cara is in #quiet, so they get cards; in a channel of Bob's the card stays."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        add_cara(world)
        quiet = world.slack.channel("C0QUIET01", "quiet", members=[world.alice.id])
        await world.alice.types(quiet, ASKS)
        await world.settle(5)
        assert "I asked <@U0BOB0001> and <@U0CARA001> by direct message." in format_message(world.card(quiet))
        await world.bob.clicks(find_card(world, "U0BOB0001"), "Approve")
        await world.settle(5)
        assert len(world.buildkite.builds) == 1
        await world.alice.types(world.deploys, f"{ASKS} -m again")
        await world.settle(5)
        assert "[Approve]" in format_message(world.card())
        assert len(list_direct_messages(world, world.bob)) == 1


async def test_whoever_opted_in_is_called_wherever_it_was_asked(tmp_path: Path) -> None:
    """Bob can't read #secret: he gets a card of his own, and his vote counts."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        add_cara(world)
        await ask_and_read_answer(world, world.bob, "notify on approvals")
        secret = world.slack.channel("C0SECRET1", "secret", private=True, members=[world.alice.id, "U0CARA001"])
        await world.alice.types(secret, ASKS)
        await world.settle(6)
        await world.bob.clicks(find_card(world, "U0BOB0001"), "Approve")
        await world.settle(6)
        assert len(world.buildkite.builds) == 1


def test_the_channel_is_checked() -> None:
    """A mistake in it is reported with its line."""
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy(RULES + 'approval_channel = "#releases"\n')
    assert str(caught.value) == snapshot(
        'policy.toml line 11: `approval_channel` “#releases” isn\'t valid: it should be the id of a channel such as "C012ABCDEF".'
    )
