"""Protected operations: proposed on a card, approved by others, run once."""

from __future__ import annotations

from pathlib import Path

from simulators.slack.models import Message
from tests.conversations.world import World, open_world

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
    """Alice asks for a deploy, Bob approves, the build runs once; the card shows what ran, but no value."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        card = await propose_deploy(world)
        assert not world.buildkite.builds
        assert "Approval needed" in card.plain()
        assert "latest on" in card.plain()
        assert "TARGET" in card.plain()
        assert "eu-west" not in card.plain()
        await world.bob.clicks_twice(card, "Approve")
        await world.settle(5)
        assert len(world.buildkite.builds) == 1
        assert world.buildkite.builds[-1].env == {"TARGET": "eu-west"}
        assert "Approved* and run" in card.plain()
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
        assert "wasn't approved in time" in world.whispers(world.alice)[-1]
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
        assert "no longer has enough approvals" in world.whispers(world.alice)[-1]
        assert "but it failed" in card.plain()
