"""Shortcuts: a build is started from anywhere, and followed from any message."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from simulators.slack.models import Channel
from tests.conversations.world import World, format_message, open_world


async def open_start_form(world: World) -> str:
    """Choose “Start a build” as Bob, and return the form."""
    await world.bob.shortcut("start_build")
    await world.settle(1)
    form = world.slack.modal_of(world.bob)
    return form.plain() if form else ""


async def test_a_build_is_started_from_anywhere(world: World) -> None:
    """The form asks where the card goes, and offers the DM; the card comes there."""
    assert await open_start_form(world) == snapshot("""\
# Start a build
Pipeline: [Type to search]
Branch: [Type to search]
Commit: [HEAD]
Message: [the commit's own message]
Environment: [KEY=value, one per line]
Where to post its card: [D0O2KRV6SK]
[Start a build]\
""")
    await world.bob.submits({"Pipeline": "web"})
    await world.settle(3)
    assert "requested by bob" in format_message(world.slack.messages(world.bob.dm)[-1])
    assert world.slack.messages(world.deploys) == []


async def test_the_card_goes_where_it_was_sent(world: World) -> None:
    """Chosen in the form: a channel that both are in."""
    await open_start_form(world)
    await world.bob.submits({"Pipeline": "web", "place": world.deploys.id})
    await world.settle(3)
    assert "requested by bob" in format_message(world.card())


def create_channel(world: World, kind: str) -> Channel:
    """A channel in which Bob cannot have a card."""
    alone = [world.alice, world.bob]
    return {
        "not mine": lambda: world.slack.channel("C0ALICES1", "alices", private=True, members=[world.alice]),
        "not the bot's": lambda: world.slack.channel("C0NOBOT01", "no-bot", members=alone, bot_in=False),
        "shared": lambda: world.slack.channel("C0SHARED1", "with-partner", shared=True),
        "between people": lambda: world.slack.open_direct(world.alice.id, world.bob.id),
    }[kind]()


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (
            "not mine",
            snapshot({"place": "You aren't in that channel. Choose one that we're both in."}),
        ),
        (
            "not the bot's",
            snapshot({"place": "I'm not in that channel, or it's archived or shared with another organization."}),
        ),
        (
            "shared",
            snapshot({"place": "I'm not in that channel, or it's archived or shared with another organization."}),
        ),
        (
            "between people",
            snapshot(
                {
                    "place": "I can't post in your direct messages with other people. Choose a channel, or your DM with me."
                }
            ),
        ),
    ],
)
async def test_a_card_goes_only_where_both_are(world: World, kind: str, answer: object) -> None:
    """Anywhere else the form stays open, says why, and nothing is started."""
    await open_start_form(world)
    await world.bob.submits({"Pipeline": "web", "place": create_channel(world, kind).id})
    await world.settle(2)
    form = world.slack.modal_of(world.bob)
    assert form is not None
    assert (form.errors, world.buildkite.builds) == (answer, [])


async def test_a_guest_gets_no_form(world: World) -> None:
    """Gwen is told by direct message why."""
    await world.gwen.shortcut("start_build")
    await world.settle(1)
    assert world.slack.modal_of(world.gwen) is None
    assert [message.plain() for message in world.slack.messages(world.gwen.dm)] == snapshot(
        [
            """\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
"""
        ]
    )


POLICY = """
[[grant]]
name = "builds in deploys"
standings = ["member"]
permissions = ["read", "build"]
pipelines = ["web"]
channels = ["C0DEPLOYS"]
"""


async def test_a_grant_in_one_channel_needs_that_channel(tmp_path: Path) -> None:
    """The form opens although the DM gives no right; what is sent is judged where its card would go."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    async with open_world(tmp_path, policy=policy) as world:
        for place in (None, world.deploys.id):
            await open_start_form(world)
            await world.bob.submits({"Pipeline": "web", **({"place": place} if place else {})})
            await world.settle(3)
        (build,) = world.buildkite.builds
        assert "requested by bob" in format_message(world.card())
        assert "web" in world.slack.messages(world.bob.dm)[-1].plain()
        assert build.pipeline.slug == "web"


async def test_a_message_in_a_thread_is_followed_in_its_thread(world: World) -> None:
    """The card comes into the thread that the message is in; a mistake is told in that thread too."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    root = (await world.alice.posts(world.deploys, "Release day")).message
    assert root is not None
    url = "https://buildkite.com/acme-inc/web/builds/1"
    reply = (await world.alice.posts(world.deploys, f"red again: {url}", thread_ts=root)).message
    plain = (await world.alice.posts(world.deploys, "oh no", thread_ts=root)).message
    assert reply is not None
    assert plain is not None
    await world.bob.shortcut("follow_build", reply)
    await world.bob.shortcut("follow_build", plain)
    await world.settle(3)
    assert "followed for bob" in world.replies(root)[2]
    answer = world.slack.ephemerals(world.bob)[-1]
    assert (answer.plain(), answer.thread_ts) == ("That message has no link to a build.", root.ts)


async def test_another_apps_message_is_followed(world: World) -> None:
    """Its address may stand in a button or an attachment alone."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    url = "https://buildkite.com/acme-inc/web/builds/1"
    button = {"type": "button", "text": {"type": "plain_text", "text": "View"}, "action_id": "view", "url": url}
    message = world.slack.make_bot_message(
        world.deploys.id, "Build 1 failed", [{"type": "actions", "elements": [button]}]
    )
    message.user, message.bot = "U0OTHERAP", {"bot_id": "B0OTHER01", "app_id": "A0OTHER01"}
    world.slack.post(message)
    await world.bob.shortcut("follow_build", message)
    await world.settle(3)
    assert "followed for bob" in world.replies(message)[0]
