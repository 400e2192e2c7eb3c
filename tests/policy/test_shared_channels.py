"""Nothing is posted in channels that another organization reads, unless the policy allows them."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from bot.access.queries import find_newest_entries
from simulators.slack.models import Channel, Message
from tests.conversations.acts import start_build
from tests.conversations.world import World, format_message, open_world
from tests.people.acts import list_direct_texts
from tests.policy.conftest import POLICY
from tests.policy.test_file import write_policy

NAMED = 'shared_channels = ["%s"]\n'
PROTECTED = POLICY.replace('["mobile"]\napprovers', '["mobile", "web"]\napprovers')


def create_shared_channel(world: World, shared: str | bool = True) -> Channel:
    """A channel of two organizations, with Paul from the other one."""
    channel = world.slack.channel("C0PARTNER", "partners", shared=shared)
    paul = world.slack.person("U0PAUL001", "paul", stranger=True, team="T0OTHER01")
    channel.members.append(paul.id)
    return channel


def list_public_messages(world: World, channel: Channel) -> list[Message]:
    """Return the bot's public messages in a channel, threads included."""
    return [item for item in world.slack.posted.get(channel.id, []) if item.bot]


async def test_a_request_there_is_refused_with_the_way_out(world: World) -> None:
    """A request by slash command, mention or form is refused privately, and nothing is posted."""
    channel = create_shared_channel(world)
    await world.bob.types(channel, "/bk build create web")
    await world.bob.posts(channel, "@kitestring build create web")
    await world.bob.types(channel, "/bk build create")
    await world.bob.types(channel, "/bk build list web")
    await world.settle(3)
    assert set(world.whispers(world.bob)) == snapshot(
        {
            """\
⚠️ This channel is shared with another organization, so I don't act or post here.
Use an internal channel or message me directly, or ask the platform team to add `C0PARTNER` to `shared_channels` in the policy.\
"""
        }
    )
    assert len(world.whispers(world.bob)) == 4
    assert world.slack.modal_of(world.bob) is None
    assert (world.buildkite.builds, list_public_messages(world, channel)) == ([], [])


async def test_people_of_the_other_organization_get_nothing(world: World) -> None:
    """A mention by a person of the other organization does nothing, and only they get an answer."""
    channel = create_shared_channel(world)
    await world.slack.people["U0PAUL001"].posts(channel, "@kitestring build create web")
    await world.slack.people["U0PAUL001"].types(channel, "/bk build create web")
    await world.settle(3)
    assert (world.buildkite.builds, list_public_messages(world, channel)) == ([], [])


@pytest.mark.parametrize(("shared", "cards"), [("pending", 0), ("org", 1), (False, 1)])
async def test_it_is_other_organizations_that_count(world: World, shared: str | bool, cards: int) -> None:
    """An organization that was only invited will read all of it; other workspaces of one's own are at home."""
    channel = create_shared_channel(world, shared)
    await world.bob.types(channel, "/bk build create web")
    await world.settle(3)
    assert len(list_public_messages(world, channel)) == cards


@pytest.mark.parametrize("name", ["C0PARTNER", "#partners", "#Partners"])
async def test_a_channel_that_the_policy_names_is_like_any_other(world: World, policy: Path, name: str) -> None:
    """Once the policy lists the channel, by id or name, its cards are posted and updated."""
    channel = create_shared_channel(world)
    await world.bob.types(channel, "/bk build create web")
    await world.settle(2)
    write_policy(policy, NAMED % name + POLICY)
    world.clock.advance(2)
    await world.bob.types(channel, "/bk build create web")
    await world.settle(3)
    world.buildkite.run_build(world.buildkite.builds[-1])
    await world.settle(5)
    assert len(world.buildkite.builds) == 1
    assert " passed on " in format_message(list_public_messages(world, channel)[0])


async def test_a_card_ends_where_the_channel_is_shared_afterwards(world: World) -> None:
    """A minute later at most no edit and no reply follows; the end goes to Bob alone, and the audit says why."""
    await world.bob.types(world.deploys, "/bk build create web")
    await world.settle(3)
    (card,) = list_public_messages(world, world.deploys)
    before, edits = format_message(card), len(card.edits)
    world.deploys.shared = True
    world.clock.advance(61)
    world.buildkite.run_build(world.buildkite.builds[-1], fail=["lint"])
    await world.settle(10)
    assert (list_public_messages(world, world.deploys), format_message(card), len(card.edits)) == (
        [card],
        before,
        edits,
    )
    assert ["failed" in format_message(message) for message in world.slack.messages(world.bob.dm)] == [True]
    async with world.bot.platform.store.read() as tx:
        retired = [
            newest_entry for newest_entry in await find_newest_entries(tx) if newest_entry.transition == "retired"
        ]
    assert [(item.user, item.channel, item.detail["because"]) for item in retired] == snapshot(
        [("U0BOB0001", "C0DEPLOYS", "channel shared with another organization")]
    )


async def test_a_click_on_a_card_there_does_nothing(world: World) -> None:
    """The buttons of a card outlive the moment in which its channel was shared: they answer privately."""
    await start_build(world)
    card = world.card()
    world.deploys.shared = True
    world.clock.advance(61)
    await world.bob.clicks(card, "Cancel")
    await world.settle(2)
    assert "shared with another organization" in world.whispers(world.bob)[-1]
    assert world.buildkite.builds[-1].state == "scheduled"
    assert len(list_public_messages(world, world.deploys)) == 1


async def test_no_file_goes_there(world: World) -> None:
    """A log file requested in such a channel isn't uploaded, or even downloaded."""
    channel = create_shared_channel(world)
    build = await start_build(world)
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(4)
    asked = len(world.buildkite.requests)
    await world.bob.types(channel, f"/bk job log lint -p web -b {build.number} --full")
    await world.settle(2)
    assert "shared with another organization" in world.whispers(world.bob)[-1]
    assert len(world.buildkite.requests) == asked
    assert not [message for messages in world.slack.posted.values() for message in messages if message.files]


async def test_a_card_that_was_not_posted_yet_goes_by_direct_message(world: World) -> None:
    """Shared between the request and the card: the build runs, and who asked follows it alone."""
    world.slack.faults.rate_limit("chat.postMessage", retry_after=61)
    await world.bob.types(world.deploys, "/bk build create web")
    await world.bot.drain()
    await world.settle(3)
    world.deploys.shared = True
    await world.settle(90, step=5)
    assert list_public_messages(world, world.deploys) == []
    assert len(world.slack.messages(world.bob.dm)) == 1


async def test_proposals_cannot_be_decided_where_others_read(tmp_path: Path) -> None:
    """A press on a proposal's card there is refused, and the proposal expires."""
    path = tmp_path / "policy.toml"
    write_policy(path, PROTECTED)
    async with open_world(tmp_path, policy=path) as world:
        world.slack.group("S0RELEASE", "release", [world.alice.id])
        await world.bob.types(world.deploys, "/bk build create web")
        await world.settle(2)
        card = world.card()
        before = format_message(card)
        assert "Approval needed" in before
        world.deploys.shared = True
        world.clock.advance(61)
        await world.alice.clicks(card, "Approve")
        await world.settle(2)
        assert "shared with another organization" in world.whispers(world.alice)[-1]
        await world.settle(1800, step=300)
        assert (format_message(card), world.buildkite.builds) == (before, [])
        await world.settle(5)
        assert "wasn't approved in time" in list_direct_texts(world, world.bob)[-1]


async def test_a_proposal_without_a_card_is_withdrawn(tmp_path: Path) -> None:
    """A channel shared before the proposal's card is posted: the proposal is withdrawn, and Bob is notified."""
    path = tmp_path / "policy.toml"
    write_policy(path, PROTECTED)
    async with open_world(tmp_path, policy=path) as world:
        world.slack.faults.rate_limit("chat.postMessage", retry_after=61)
        await world.bob.types(world.deploys, "/bk build create web")
        await world.settle(3)
        world.deploys.shared = True
        await world.settle(90, step=5)
        assert world.whispers(world.bob) == snapshot(
            [
                "This channel is now shared with another organization, so I withdrew your request to start *web* on `main`."
            ]
        )
        assert (list_public_messages(world, world.deploys), world.buildkite.builds) == ([], [])


async def test_a_proposal_whose_card_slack_refuses_is_withdrawn(tmp_path: Path) -> None:
    """Slack refuses the only card: the proposal doesn't wait where nobody sees it, and Bob is told."""
    path = tmp_path / "policy.toml"
    write_policy(path, PROTECTED)
    async with open_world(tmp_path, policy=path) as world:
        world.slack.faults.error("chat.postMessage", "restricted_action")
        await world.bob.types(world.deploys, "/bk build create web")
        await world.settle(5)
        assert world.whispers(world.bob) == snapshot(
            [
                "Slack doesn't let me post here (restricted_action), so nobody could have approved your request to start *web* on `main`, and I withdrew it. Ask again in another channel."
            ]
        )
        assert (list_public_messages(world, world.deploys), world.buildkite.builds) == ([], [])


async def test_while_slack_does_not_say_nothing_is_posted(world: World) -> None:
    """Nothing is posted while Slack doesn't say whether a channel is shared."""
    for _ in range(40):
        world.slack.faults.fail("conversations.info")
    await world.bob.types(world.deploys, "/bk build create web")
    await world.settle(3)
    assert list_public_messages(world, world.deploys) == []
    world.slack.faults.clear()
    await world.settle(30)
    assert len(list_public_messages(world, world.deploys)) == 1
