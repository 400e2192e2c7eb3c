"""Nothing goes into channels that another organization reads, unless the policy names them: as conversations."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from bot.access.queries import find_newest_entries
from simulators.slack.models import Channel, Message
from tests.conversations.acts import start_build
from tests.conversations.world import World, format_message, open_world
from tests.policy.conftest import POLICY
from tests.policy.test_file import write

NAMED = 'shared_channels = ["%s"]\n'
PROTECTED = POLICY.replace('["mobile"]\napprovers', '["mobile", "web"]\napprovers')


def partners(world: World, shared: str | bool = True) -> Channel:
    """A channel of two organizations, with Paul from the other one."""
    channel = world.slack.channel("C0PARTNER", "partners", shared=shared)
    paul = world.slack.person("U0PAUL001", "paul", stranger=True, team="T0OTHER01")
    channel.members.append(paul.id)
    return channel


def in_public(world: World, channel: Channel) -> list[Message]:
    """What the bot said there for all to read, in threads too."""
    return [item for item in world.slack.posted.get(channel.id, []) if item.bot]


async def test_who_asks_there_is_told_why_and_what_to_do(world: World) -> None:
    """Slash, mention, form and reading alike: nothing is done, nothing stands there, and only Bob is told."""
    channel = partners(world)
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
    assert (world.buildkite.builds, in_public(world, channel)) == ([], [])


async def test_people_of_the_other_organization_get_nothing(world: World) -> None:
    """Paul's mention there is not carried out, and nobody but he hears of it."""
    channel = partners(world)
    await world.slack.people["U0PAUL001"].posts(channel, "@kitestring build create web")
    await world.slack.people["U0PAUL001"].types(channel, "/bk build create web")
    await world.settle(3)
    assert (world.buildkite.builds, in_public(world, channel)) == ([], [])


@pytest.mark.parametrize(("shared", "cards"), [("pending", 0), ("org", 1), (False, 1)])
async def test_it_is_other_organizations_that_count(world: World, shared: str | bool, cards: int) -> None:
    """An organization that was only invited will read all of it; other workspaces of one's own are at home."""
    channel = partners(world, shared)
    await world.bob.types(channel, "/bk build create web")
    await world.settle(3)
    assert len(in_public(world, channel)) == cards


@pytest.mark.parametrize("name", ["C0PARTNER", "#partners", "#Partners"])
async def test_a_channel_that_the_policy_names_is_like_any_other(world: World, policy: Path, name: str) -> None:
    """By id or name, read again while the bot runs: the card stands there and is kept up."""
    channel = partners(world)
    await world.bob.types(channel, "/bk build create web")
    await world.settle(2)
    write(policy, NAMED % name + POLICY)
    world.clock.advance(2)
    await world.bob.types(channel, "/bk build create web")
    await world.settle(3)
    world.buildkite.run_build(world.buildkite.builds[-1])
    await world.settle(5)
    assert len(world.buildkite.builds) == 1
    assert "Passed" in format_message(in_public(world, channel)[0])


async def test_a_card_ends_where_the_channel_is_shared_afterwards(world: World) -> None:
    """A minute later at most no edit and no reply follows; the end goes to Bob alone, and the audit says why."""
    await world.bob.types(world.deploys, "/bk build create web")
    await world.settle(3)
    (card,) = in_public(world, world.deploys)
    before, edits = format_message(card), len(card.edits)
    world.deploys.shared = True
    world.clock.advance(61)
    world.buildkite.run_build(world.buildkite.builds[-1], fail=["lint"])
    await world.settle(10)
    assert (in_public(world, world.deploys), format_message(card), len(card.edits)) == ([card], before, edits)
    assert [
        "Failed" in format_message(message) or "failed" in format_message(message) for message in world.slack.messages(world.bob.dm)
    ] == [True]
    async with world.bot.store.read() as tx:
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
    assert len(in_public(world, world.deploys)) == 1


async def test_no_file_goes_there(world: World) -> None:
    """A whole log asked for in such a channel is handed to nobody, and is not even read."""
    channel = partners(world)
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
    await world.bot.runner.drain()
    await world.settle(3)
    world.deploys.shared = True
    await world.settle(90, step=5)
    assert in_public(world, world.deploys) == []
    assert len(world.slack.messages(world.bob.dm)) == 1


async def test_nobody_decides_where_others_read(tmp_path: Path) -> None:
    """A proposal's card there is left as it is: a press is refused, and its time runs out."""
    path = tmp_path / "policy.toml"
    write(path, PROTECTED)
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
        assert "wasn't approved in time" in world.whispers(world.bob)[-1]


async def test_a_proposal_that_nobody_could_see_is_withdrawn(tmp_path: Path) -> None:
    """Shared between the request and the card of the proposal: Bob is told that nothing will come of it."""
    path = tmp_path / "policy.toml"
    write(path, PROTECTED)
    async with open_world(tmp_path, policy=path) as world:
        world.slack.faults.rate_limit("chat.postMessage", retry_after=61)
        await world.bob.types(world.deploys, "/bk build create web")
        await world.settle(3)
        world.deploys.shared = True
        await world.settle(90, step=5)
        assert world.whispers(world.bob) == snapshot(
            ["This channel is now shared with another organization, so I withdrew `build create`."]
        )
        assert (in_public(world, world.deploys), world.buildkite.builds) == ([], [])


async def test_while_slack_does_not_say_nothing_is_posted(world: World) -> None:
    """With whom a channel is shared has to be known before anything is said there."""
    for _ in range(40):
        world.slack.faults.fail("conversations.info")
    await world.bob.types(world.deploys, "/bk build create web")
    await world.settle(3)
    assert in_public(world, world.deploys) == []
    world.slack.faults.clear()
    await world.settle(30)
    assert len(in_public(world, world.deploys)) == 1
