"""Protected operations: proposed on a card, approved by others, run once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from bot.access.policy.decide import DEFAULT, decide, find_blanket_refusal
from bot.access.policy.rules import Allow, Grant, Principals, Protection, Target
from bot.operations.operation import Permission
from bot.slack.types import Actor, Standing
from bot.store.tables import invocations
from commands import registry
from simulators.slack.models import Message
from tests.conversations.world import START, World, format_message, open_world

NAMED, DANS = Principals(frozenset({"U0BOB0001"})), Principals(frozenset({"U0DAN0001"}))
BOB, DAN = (
    Actor(user, name, "T0BUILD01", Standing.MEMBER, "C0DEPLOYS", "button")
    for user, name in (("U0BOB0001", "bob"), ("U0DAN0001", "dan"))
)

RULES = """
[[grant]]
name = "everybody builds"
standings = ["member"]
permissions = ["help", "read", "logs", "build", "commit", "env"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
approvers = { users = ["U0BOB0001", "U0ALICE01", "U0CARA001"] }
approvals = %d
expires = "30m"
"""
ASKS = "/bk build create deploy-prod -b main -e TARGET=eu-west"


def write_policy(folder: Path, approvals: int = 1) -> Path:
    """A policy that asks for so many approvals of production."""
    path = folder / "policy.toml"
    path.write_text(RULES % approvals)
    return path


async def propose_deploy(world: World) -> Message:
    """Alice asks for a deploy; the card of it."""
    await world.alice.types(world.deploys, ASKS)
    await world.settle(2)
    return world.card()


async def test_another_person_approves_and_it_runs_once(tmp_path: Path) -> None:
    """Alice asks for a deploy, Bob approves, the build runs once; the card shows what ran."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        card = await propose_deploy(world)
        assert not world.buildkite.builds
        assert "Approval needed" in card.plain()
        assert "latest on" in card.plain()
        assert "`TARGET=eu-west`" in card.plain()
        await world.bob.clicks_twice(card, "Approve")
        await world.settle(5)
        assert len(world.buildkite.builds) == 1
        assert world.buildkite.builds[-1].env == {"TARGET": "eu-west"}
        assert "*Approved*: deploy-prod#1 has started" in card.plain()
        assert "[Approve]" not in card.plain()


async def test_people_cannot_approve_their_own_request(tmp_path: Path) -> None:
    """Alice is an approver, but not of what she asked for herself."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        card = await propose_deploy(world)
        await world.alice.clicks(card, "Approve")
        await world.settle(2)
        assert "can't approve your own request" in world.whispers(world.alice)[-1]
        assert not world.buildkite.builds
        assert "[Approve]" in card.plain()


async def test_two_must_agree_and_one_refusal_ends_it(tmp_path: Path) -> None:
    """With two approvals wanted, one is not enough, and a refusal is the end of it whatever comes after."""
    async with open_world(tmp_path, policy=write_policy(tmp_path, approvals=2)) as world:
        cara = world.slack.person("U0CARA001", "cara", "cara@acme.example")
        card = await propose_deploy(world)
        await world.bob.clicks(card, "Approve")
        await world.settle(2)
        assert not world.buildkite.builds
        assert "1 of 2" in world.whispers(world.bob)[-1]
        await cara.clicks(card, "Refuse")
        await world.settle(2)
        assert "Refused" in card.plain()
        assert "[Approve]" not in card.plain()
        assert not world.buildkite.builds


async def test_votes_of_guests_and_others_do_not_count(tmp_path: Path) -> None:
    """Gwen, a guest, and Dan, whom the policy doesn't name, learn why their votes don't count."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        dan = world.slack.person("U0DAN0001", "dan", "dan@acme.example")
        card = await propose_deploy(world)
        for person, why in ((world.gwen, "Guests"), (dan, "can't approve")):
            await person.clicks(card, "Approve")
            await world.settle(1)
            assert why in world.whispers(person)[-1]
        assert not world.buildkite.builds


async def test_a_proposal_expires(tmp_path: Path) -> None:
    """After half an hour the proposal expires, its card says so, and Alice is notified."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        card = await propose_deploy(world)
        world.clock.advance(1801)
        await world.settle(2)
        assert "Expired" in card.plain()
        assert "wasn't approved in time" in world.replies(card)[-1]
        assert not world.buildkite.builds


async def test_the_requester_withdraws_it(tmp_path: Path) -> None:
    """Alice withdraws; Bob cannot."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        card = await propose_deploy(world)
        await world.bob.clicks(card, "Withdraw")
        await world.settle(1)
        assert "Only the requester" in world.whispers(world.bob)[-1]
        await world.alice.clicks(card, "Withdraw")
        await world.settle(2)
        assert "Withdrawn" in card.plain()
        assert not world.buildkite.builds


async def test_the_rules_of_the_moment_of_running_count(tmp_path: Path) -> None:
    """Bob is no approver any more when the second approval comes: his no longer counts, and nothing runs."""
    path = write_policy(tmp_path, approvals=2)
    async with open_world(tmp_path, policy=path) as world:
        cara = world.slack.person("U0CARA001", "cara", "cara@acme.example")
        card = await propose_deploy(world)
        await world.bob.clicks(card, "Approve")
        await world.settle(1)
        path.write_text((RULES % 2).replace('"U0BOB0001", ', ""))
        world.clock.advance(5)
        await cara.clicks(card, "Approve")
        await world.settle(3)
        assert not world.buildkite.builds
        assert "no longer has enough approvals" in world.replies(card)[-1]
        assert "but it failed" in card.plain()


async def count_invocations(world: World, operation: str) -> int:
    """Return how many invocations of an operation were recorded."""
    async with world.bot.platform.store.read() as tx:
        query = sa.select(sa.func.count()).select_from(invocations).where(invocations.c.operation == operation)
        return int(await tx.scalar(query) or 0)


async def test_a_persons_second_press_is_the_same_vote(tmp_path: Path) -> None:
    """Bob approves twice: one vote, one invocation, the same answer. Cara's press is a vote of her own."""
    async with open_world(tmp_path, policy=write_policy(tmp_path, 2)) as world:
        cara = world.slack.person("U0CARA001", "cara", "cara@acme.example")
        card = await propose_deploy(world)
        seen = Message(**vars(card))  # as it looks until the bot redraws it
        for _ in range(2):
            await world.bob.clicks(seen, "Approve")
            await world.settle(1)
        assert (
            world.whispers(world.bob)
            == ["Approved: alice's request to start *deploy-prod* on `main` has 1 of 2 approvals."] * 2
        )
        assert await count_invocations(world, "proposal approve") == 1
        assert not world.buildkite.builds
        await cara.clicks(seen, "Approve")
        await world.settle(5)
        assert await count_invocations(world, "proposal approve") == 2
        assert len(world.buildkite.builds) == 1


async def test_read_only_mode_keeps_a_proposal_open(tmp_path: Path) -> None:
    """In read-only mode an approval, which starts the build, is refused; a refusal, which stops it, isn't."""
    path = write_policy(tmp_path)
    path.write_text(
        f"{path.read_text()}\n[[grant]]\nname = 'Alice'\nusers = ['U0ALICE01']\npermissions = ['admin']\n"
    )
    async with open_world(tmp_path, policy=path) as world:
        card = await propose_deploy(world)
        await world.alice.types(world.deploys, "/bk readonly on")
        await world.settle(1)
        await world.bob.clicks(card, "Approve")
        await world.settle(1)
        assert "read-only mode" in world.whispers(world.bob)[-1]
        assert "[Approve]" in format_message(card)
        await world.alice.types(world.deploys, "/bk readonly off")
        await world.settle(1)
        await world.bob.clicks(card, "Approve")
        await world.settle(5)
        assert len(world.buildkite.builds) == 1
        again = await propose_deploy(world)
        await world.alice.types(world.deploys, "/bk readonly on")
        await world.settle(1)
        await world.bob.clicks(again, "Refuse")
        await world.settle(1)
        assert "[Approve]" not in format_message(again)


def test_voting_needs_the_permission_to_approve() -> None:
    """Approvers that a protection names need no grant. Others need `approve` before they learn of a proposal."""
    rules = replace(DEFAULT, grants=(), protections=(Protection("production", ("deploy-*",), NAMED),))
    op = registry()["proposal approve"]
    assert find_blanket_refusal(rules, BOB, op) is None
    assert isinstance(decide(rules, BOB, op, Target(), START), Allow)
    refused = find_blanket_refusal(rules, DAN, op)
    assert refused is not None
    assert "You can't approve or refuse proposals: that's for <@U0BOB0001>." in refused.message
    granted = replace(rules, grants=(Grant("Dan approves web", DANS, frozenset({Permission.APPROVE}), ("web",)),))
    assert find_blanket_refusal(granted, DAN, op) is None
