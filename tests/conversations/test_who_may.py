"""Permissions: refusals are private and give the reason, however a person asks."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from simulators.slack.person import Person
from tests.conversations.acts import ask_privately, fail_build, start_build
from tests.conversations.world import World


def outsider(world: World, who: str) -> Person:
    """Return a person who may do nothing."""
    more = {
        "stranger": {"stranger": True, "team": "T0OTHER01"},
        "gone": {"deleted": True},
        "robot": {"is_bot": True},
    }
    person = world.slack.person(f"U0{who.upper()}1", who, **more[who])
    world.deploys.members.append(person.id)
    return person


async def test_a_guest_is_refused_in_every_way(world: World) -> None:
    """By slash command, mention, card and read, nothing happens, and only Gwen is told."""
    build, card = await fail_build(world)
    before = len(world.buildkite.requests)
    await world.gwen.types(world.deploys, "/bk build create web")
    await world.gwen.posts(world.deploys, "@kitestring rebuild", thread_ts=card)
    await world.gwen.clicks(card, "Rebuild")
    await world.gwen.clicks(card, "Logs")
    await world.gwen.types(world.deploys, "/bk build list")
    await world.settle(2)
    assert world.whispers(world.gwen) == snapshot(
        [
            """\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
""",
            """\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
""",
            """\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
""",
            """\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
""",
            """\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
""",
        ]
    )
    assert len(world.buildkite.requests) == before
    assert world.buildkite.builds == [build]
    assert len(world.slack.messages(world.deploys)) == 1


async def test_no_form_opens_for_a_guest(world: World) -> None:
    """A form that could lead to nothing isn't opened; the guest is told why instead."""
    await world.gwen.types(world.deploys, "/bk build create")
    await world.settle(2)
    assert world.slack.modal_of(world.gwen) is None
    assert world.whispers(world.gwen) == snapshot(
        [
            """\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
"""
        ]
    )
    assert world.buildkite.builds == []


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("stranger", snapshot("I belong to another workspace.")),
        (
            "gone",
            snapshot("""\
⚠️ This account is deactivated.
Ask a workspace admin.\
"""),
        ),
        (
            "robot",
            snapshot("""\
⚠️ Kitestring doesn't take commands from other bots.
Only people can run commands.\
"""),
        ),
    ],
)
async def test_others_get_nothing_either(world: World, who: str, expected: object) -> None:
    """People of other workspaces, deactivated accounts and bots are told why."""
    person = outsider(world, who)
    assert await ask_privately(world, person, "build create web") == expected
    assert world.buildkite.builds == []


async def test_messages_of_other_bots_are_ignored(world: World) -> None:
    """A bot's message in the channel isn't a command, even if it mentions this bot."""
    event = {
        "type": "app_mention",
        "user": "U0ROBOT1",
        "bot_id": "B0OTHER",
        "text": "<@U0BOT0001> build create web",
    }
    await world.slack.emit({**event, "channel": world.deploys.id, "ts": "1793610000.000900"}, "app_mention")
    await world.settle(2)
    assert (world.buildkite.builds, world.slack.messages(world.deploys)) == ([], [])


async def test_agents_are_for_admins(world: World) -> None:
    """Bob may view agents, but not pause, resume or stop them, however he asks."""
    words = ("agent pause ci-linux-1", "agent resume ci-linux-1", "agent stop ci-linux-1 --yes")
    assert [await ask_privately(world, world.bob, text) for text in words] == snapshot(
        [
            """\
⚠️ `agent pause` is for workspace admins.
Ask a workspace admin to do it.\
""",
            """\
⚠️ `agent resume` is for workspace admins.
Ask a workspace admin to do it.\
""",
            """\
⚠️ `agent stop` is for workspace admins.
Ask a workspace admin to do it.\
""",
        ]
    )
    await world.alice.types(world.deploys, "/bk agent pause ci-linux-1")
    await world.settle(2)
    await world.bob.clicks(world.slack.messages(world.deploys)[-1], "Resume")
    await world.settle(2)
    assert world.whispers(world.bob)[-1] == snapshot("""\
⚠️ `agent resume` is for workspace admins.
Ask a workspace admin to do it.\
""")
    assert world.buildkite.find_agent("ci-linux-1").paused


async def test_another_persons_private_button_is_refused(world: World) -> None:
    """A choice offered to Alice is hers, whoever sends its id."""
    await start_build(world)
    await ask_privately(world, world.alice, "build cancel web 1")
    question = world.slack.ephemerals(world.alice)[-1]
    question.only_for = world.bob.id
    await world.bob.clicks(question, "Cancel build")
    await world.settle(2)
    assert world.whispers(world.bob)[-1] == snapshot(
        "That button belongs to someone else. Run the command yourself."
    )
    assert world.buildkite.builds[0].state == "scheduled"


async def test_permissions_are_checked_at_every_click(world: World) -> None:
    """Bob became a guest after his question, so his confirmation is refused."""
    await start_build(world)
    await ask_privately(world, world.bob, "build cancel web 1")
    world.slack.profiles[world.bob.id].guest = "ultra"
    world.clock.advance(301)
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "Cancel build")
    await world.settle(2)
    assert world.whispers(world.bob)[-1] == snapshot("""\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
""")
    assert world.buildkite.builds[0].state == "scheduled"
